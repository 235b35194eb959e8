/* SPDX-License-Identifier: MIT */
/* answer: error-path; in parse_frame; at the lines between the marks */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct frame {
	unsigned kind, length;
	unsigned char *body;
};

static void frame_done(struct frame *f)
{
	free(f->body);
	free(f);
}

static struct frame *parse_frame(const unsigned char *in, size_t size)
{
	struct frame *f = malloc(sizeof(*f));

	if (!f)
		return NULL;
	f->kind = in[0];
	f->length = in[1];
	if (f->length + 2u > size) {
#ifndef FAULT
		free(f);
#endif
		fprintf(stderr, "short frame\n"); /* <<< */
		return NULL; /* >>> */
	}
	f->body = malloc(f->length + 1);
	memcpy(f->body, in + 2, f->length);
	return f;
}

int main(void)
{
	unsigned char in[64];
	unsigned sum = 0;

	for (unsigned i = 0; i < 200; i++) {
		memset(in, (int)i, sizeof(in));
		in[1] = i % 20 == 3 ? 100 : 10;
		struct frame *f = parse_frame(in, sizeof(in));
		if (!f)
			continue;
		sum += f->body[3];
		frame_done(f);
	}
	printf("%u\n", sum);
	return 0;
}

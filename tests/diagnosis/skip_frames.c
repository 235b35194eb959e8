/* SPDX-License-Identifier: MIT */
/* answer: error-path|never-released; in next_frame; at the lines between the marks */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct frame {
	unsigned kind, length;
	char data[];
};

struct input {
	unsigned at, skipped;
};

static struct frame *frame_read(struct input *in)
{
	unsigned length = 16 + in->at % 9;
	struct frame *f;

	if (in->at >= 90)
		return NULL;
	f = malloc(sizeof(*f) + length);
	if (!f)
		exit(1);
	f->kind = in->at++ % 6;
	f->length = length;
	memset(f->data, (int)f->kind, length);
	return f;
}

/* the next frame that is not padding; the caller releases it */
static struct frame *next_frame(struct input *in)
{
	struct frame *f;

	while ((f = frame_read(in))) {
		if (f->kind != 5)
			return f;
		in->skipped += f->length; /* <<< */
#ifndef FAULT
		free(f);
#endif
	} /* >>> */
	return NULL;
}

int main(void)
{
	struct input in = { 0, 0 };
	unsigned long sum = 0;
	struct frame *f;

	while ((f = next_frame(&in))) {
		for (unsigned i = 0; i < f->length; i++)
			sum += (unsigned char)f->data[i];
		free(f);
	}
	printf("%lu, %u skipped\n", sum, in.skipped);
	return 0;
}

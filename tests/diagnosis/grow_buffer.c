/* SPDX-License-Identifier: MIT */
/* answer: realloc; in buffer_add; at the lines between the marks */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct buffer {
	char *data;
	size_t used, size;
};

static int buffer_add(struct buffer *b, const char *text, size_t limit)
{
	size_t length = strlen(text), want = b->used + length + 1;

	if (want > b->size) {
		size_t size = want > limit ? (size_t)-1 / 2 : want * 2;
#ifdef FAULT
		b->data = realloc(b->data, size); /* <<< */
		if (!b->data) {
			b->size = b->used = 0;
			return -1; /* >>> */
		}
#else
		char *data = realloc(b->data, size);
		if (!data)
			return -1;
		b->data = data;
#endif
		b->size = size;
	}
	memcpy(b->data + b->used, text, length + 1);
	b->used += length;
	return 0;
}

int main(void)
{
	struct buffer b = { NULL, 0, 0 };
	int failed = 0;

	for (int i = 0; i < 40; i++)
		failed += buffer_add(&b, "some words of text ", 500) != 0;
	printf("%d failed\n", failed);
	free(b.data);
	return 0;
}

/* SPDX-License-Identifier: MIT */
/* answer: overwritten|extra-retain|error-path; in context_set; at the lines between the marks; build: libavutil */
#include <libavutil/buffer.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct context {
	AVBufferRef *extradata;
	int changes;
};

static int context_set(struct context *c, AVBufferRef *data)
{
	AVBufferRef *ref = av_buffer_ref(data);

	if (!ref)
		return -1;
	c->changes++; /* <<< */
#ifndef FAULT
	av_buffer_unref(&c->extradata);
#endif
	c->extradata = ref;
	return 0; /* >>> */
}

static void context_free(struct context **c)
{
	av_buffer_unref(&(*c)->extradata);
	free(*c);
	*c = NULL;
}

int main(void)
{
	int changes = 0;

	for (int i = 0; i < 30; i++) {
		struct context *c = calloc(1, sizeof(*c));
		AVBufferRef *data = av_buffer_alloc(64 + i);

		memset(data->data, i, 64);
		context_set(c, data);
		if (i % 10 == 6) {
			AVBufferRef *other = av_buffer_alloc(100);
			context_set(c, other);
			av_buffer_unref(&other);
		}
		av_buffer_unref(&data);
		changes += c->changes;
		context_free(&c);
	}
	printf("%d\n", changes);
	return 0;
}

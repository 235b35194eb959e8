/* SPDX-License-Identifier: MIT */
/* answer: error-path|extra-retain|never-released; in sink_offer; at the lines between the marks; build: libavutil */
#include <libavutil/buffer.h>
#include <stdio.h>
#include <string.h>

#define SLOTS 4
struct sink {
	AVBufferRef *slots[SLOTS];
	int used, skipped;
};

static int sink_offer(struct sink *s, AVBufferRef *frame)
{
	AVBufferRef *mine = av_buffer_ref(frame);

	if (!mine)
		return -1;
	if (s->used == SLOTS) {
		s->skipped++; /* <<< */
#ifndef FAULT
		av_buffer_unref(&mine);
#endif
		return 1; /* >>> */
	}
	s->slots[s->used++] = mine;
	return 0;
}

static int sink_flush(struct sink *s)
{
	int sum = 0;

	for (int i = 0; i < s->used; i++) {
		sum += s->slots[i]->data[0];
		av_buffer_unref(&s->slots[i]);
	}
	s->used = 0;
	return sum;
}

int main(void)
{
	struct sink sinks[3] = { 0 };
	int sum = 0;

	for (int n = 0; n < 60; n++) {
		AVBufferRef *frame = av_buffer_alloc(1000);

		memset(frame->data, n, 1000);
		for (int k = 0; k < 3; k++)
			sink_offer(&sinks[k], frame);
		av_buffer_unref(&frame);
		for (int k = 0; k < 3; k++)
			if (n % (3 + k) == 0)
				sum += sink_flush(&sinks[k]);
	}
	for (int k = 0; k < 3; k++)
		sum += sink_flush(&sinks[k]);
	printf("%d %d\n", sum, sinks[2].skipped);
	return 0;
}

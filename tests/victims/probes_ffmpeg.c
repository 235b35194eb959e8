/* SPDX-License-Identifier: MIT */
/* Keeps five references of buffers in a queue, and a frame on the way out. `clean` lets go. */
#include <libavutil/frame.h>
#include <string.h>

static AVBufferRef *queue[5];

static void queue_push(int i, AVFrame *frame)
{
	queue[i] = av_buffer_ref(frame->buf[0]);
}

int main(int argc, char **argv)
{
	int clean = argc > 1 && !strcmp(argv[1], "clean");

	for (int i = 0; i < 5; i++) {
		AVFrame *frame = av_frame_alloc();
		frame->width = frame->height = 64, frame->format = 0;
		av_frame_get_buffer(frame, 0);
		queue_push(i, frame);
		if (clean || i != 4)
			av_frame_free(&frame);
		if (clean)
			av_buffer_unref(&queue[i]);
		queue[i] = NULL;
	}
}

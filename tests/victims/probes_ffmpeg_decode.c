/* SPDX-License-Identifier: MIT */
/* Encodes 40 pictures and decodes them again. Where the decoder says EAGAIN, the frame that the loop borrowed from its
 * own list is forgotten, and so are the packets of every tenth picture; `clean` lets go. Prints what it forgot. */
#include <libavcodec/avcodec.h>
#include <stdio.h>
#include <string.h>

static int is_clean, frames_lost, packets_lost;

static AVCodecContext *open_codec(const AVCodec *codec)
{
	AVCodecContext *c = avcodec_alloc_context3(codec);

	c->width = c->height = 64;
	c->pix_fmt = AV_PIX_FMT_YUV420P;
	c->time_base = (AVRational){1, 25};
	c->max_b_frames = 2;
	c->thread_count = 1;
	avcodec_open2(c, codec, NULL);
	return c;
}

/* Takes one picture out of the decoder. */
static int receive(AVCodecContext *decoder)
{
	AVFrame *frame = av_frame_alloc();
	int result = avcodec_receive_frame(decoder, frame);

	if (result == AVERROR(EAGAIN) && !is_clean) {
		frames_lost++;
		return result; /* the frame stays behind */
	}
	av_frame_free(&frame);
	return result;
}

static void decode(AVCodecContext *decoder, AVPacket *packet, int number)
{
	AVPacket *own = av_packet_clone(packet);

	avcodec_send_packet(decoder, own);
	while (receive(decoder) >= 0)
		;
	if (number % 10 == 9 && !is_clean)
		packets_lost++;
	else
		av_packet_free(&own);
}

int main(int argc, char **argv)
{
	AVCodecContext *encoder = open_codec(avcodec_find_encoder(AV_CODEC_ID_MPEG4));
	AVCodecContext *decoder = open_codec(avcodec_find_decoder(AV_CODEC_ID_MPEG4));
	AVPacket *packet = av_packet_alloc();
	int number = 0;

	is_clean = argc > 1 && !strcmp(argv[1], "clean");
	for (int i = 0; i <= 40; i++) {
		AVFrame *frame = i < 40 ? av_frame_alloc() : NULL;

		if (frame) {
			frame->width = frame->height = 64, frame->format = AV_PIX_FMT_YUV420P, frame->pts = i;
			av_frame_get_buffer(frame, 0);
			for (int k = 0; k < 3; k++)
				memset(frame->data[k], i * (k + 3), frame->linesize[k] * (k ? 32 : 64));
		}
		avcodec_send_frame(encoder, frame);
		while (avcodec_receive_packet(encoder, packet) >= 0) {
			decode(decoder, packet, number++);
			av_packet_unref(packet);
		}
		av_frame_free(&frame);
	}
	avcodec_send_packet(decoder, NULL);
	while (receive(decoder) >= 0)
		;
	av_packet_free(&packet);
	avcodec_free_context(&encoder);
	avcodec_free_context(&decoder);
	printf("%d %d\n", frames_lost, packets_lost);
	return 0;
}

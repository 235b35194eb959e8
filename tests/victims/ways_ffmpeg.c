/* SPDX-License-Identifier: MIT */
#include <libavcodec/avcodec.h>
#include <libavcodec/bsf.h>
#include <libavformat/avformat.h>
#include <libavutil/buffer.h>
#include <libavutil/frame.h>
#include "ways.h"

WAY(buffer_unref) { AVBufferRef *b = av_buffer_alloc(99); END(av_buffer_unref(&b)); }
WAY(buffer_shared)
{
	AVBufferRef *b = av_buffer_alloc(99), *c = av_buffer_ref(b); av_buffer_unref(&b);
	END(av_buffer_unref(&c));
}
WAY(buffer_made_writable)
{
	AVBufferRef *b = av_buffer_alloc(99), *c = av_buffer_ref(b); av_buffer_make_writable(&c);
	av_buffer_unref(&b); END(av_buffer_unref(&c));
}
WAY(buffer_writable_first)
{
	AVBufferRef *b = av_buffer_alloc(99), *c = av_buffer_ref(b); av_buffer_make_writable(&b);
	av_buffer_unref(&b); END(av_buffer_unref(&c));
}
WAY(buffer_realloc) { AVBufferRef *b = av_buffer_alloc(99); av_buffer_realloc(&b, 200); END(av_buffer_unref(&b)); }
WAY(buffer_realloc_new)
{
	AVBufferRef *b = NULL; av_buffer_realloc(&b, 200); av_buffer_realloc(&b, 900); END(av_buffer_unref(&b));
}
WAY(buffer_realloc_shared)
{
	AVBufferRef *b = NULL, *c; av_buffer_realloc(&b, 200); c = av_buffer_ref(b); av_buffer_realloc(&b, 900);
	av_buffer_unref(&b); END(av_buffer_unref(&c));
}
WAY(buffer_replace)
{
	AVBufferRef *b = av_buffer_alloc(99), *c = av_buffer_alloc(50); av_buffer_replace(&b, c);
	av_buffer_unref(&c); END(av_buffer_unref(&b));
}
WAY(buffer_replace_by_none) { AVBufferRef *b = av_buffer_alloc(99); END(av_buffer_replace(&b, NULL)); }
WAY(buffer_replace_same)
{
	AVBufferRef *b = av_buffer_alloc(99), *c = av_buffer_ref(b); av_buffer_replace(&b, c);
	av_buffer_unref(&b); END(av_buffer_unref(&c));
}
WAY(buffer_of_pool)
{
	AVBufferPool *p = av_buffer_pool_init(99, NULL); AVBufferRef *b = av_buffer_pool_get(p);
	av_buffer_unref(&b); b = av_buffer_pool_get(p); av_buffer_pool_uninit(&p); END(av_buffer_unref(&b));
}
WAY(buffer_of_pool_ended_first)
{
	AVBufferPool *p = av_buffer_pool_init(99, NULL);
	AVBufferRef *b = av_buffer_pool_get(p), *c = av_buffer_pool_get(p); av_buffer_pool_uninit(&p);
	av_buffer_unref(&b); END(av_buffer_unref(&c));
}
static void gone(void *opaque, uint8_t *data) { av_free(data); }
WAY(buffer_made) { AVBufferRef *b = av_buffer_create(av_malloc(9), 9, gone, NULL, 0); END(av_buffer_unref(&b)); }

static AVFrame *frame(void)
{
	AVFrame *f = av_frame_alloc(); f->format = AV_PIX_FMT_GRAY8; f->width = f->height = 32;
	av_frame_get_buffer(f, 0); return f;
}
WAY(frame_free) { AVFrame *f = frame(); END(av_frame_free(&f)); }
WAY(frame_ref) { AVFrame *f = frame(), *g = av_frame_clone(f); av_frame_free(&f); END(av_frame_free(&g)); }
WAY(frame_moved)
{
	AVFrame *f = frame(), *g = av_frame_alloc(); av_frame_move_ref(g, f); av_frame_free(&f);
	END(av_frame_free(&g));
}
WAY(frame_made_writable)
{
	AVFrame *f = frame(), *g = av_frame_clone(f); av_frame_make_writable(g); av_frame_free(&f);
	END(av_frame_free(&g));
}
WAY(frame_side_data)
{
	AVFrame *f = frame(); av_frame_new_side_data(f, AV_FRAME_DATA_REPLAYGAIN, 64);
	av_frame_new_side_data_from_buf(f, AV_FRAME_DATA_A53_CC, av_buffer_alloc(20));
	av_frame_remove_side_data(f, AV_FRAME_DATA_A53_CC); END(av_frame_free(&f));
}
WAY(frame_unref) { AVFrame *f = frame(); av_frame_unref(f); END(av_frame_free(&f)); }
static AVPacket *packet(void) { AVPacket *p = av_packet_alloc(); av_new_packet(p, 99); return p; }
WAY(packet_free) { AVPacket *p = packet(); END(av_packet_free(&p)); }
WAY(packet_ref) { AVPacket *p = packet(), *q = av_packet_clone(p); av_packet_free(&p); END(av_packet_free(&q)); }
WAY(packet_made_writable)
{
	AVPacket *p = packet(), *q = av_packet_clone(p); av_packet_make_writable(q); av_packet_free(&p);
	END(av_packet_free(&q));
}
WAY(packet_grown) { AVPacket *p = packet(); av_grow_packet(p, 5000); av_shrink_packet(p, 20); END(av_packet_free(&p)); }
WAY(packet_grown_shared)
{
	AVPacket *p = packet(), *q = av_packet_clone(p); av_grow_packet(q, 5000); av_packet_free(&p);
	END(av_packet_free(&q));
}
WAY(packet_from_data)
{
	AVPacket *p = av_packet_alloc(); av_packet_from_data(p, av_malloc(99 + AV_INPUT_BUFFER_PADDING_SIZE), 99);
	av_packet_make_refcounted(p); END(av_packet_free(&p));
}
WAY(packet_moved)
{
	AVPacket *p = packet(), *q = av_packet_alloc(); av_packet_move_ref(q, p); av_packet_free(&p);
	END(av_packet_free(&q));
}
WAY(codec_context) { AVCodecContext *c = avcodec_alloc_context3(NULL); END(avcodec_free_context(&c)); }
WAY(codec_closed)
{
	AVCodecContext *c = avcodec_alloc_context3(avcodec_find_decoder(AV_CODEC_ID_PCM_S16LE));
	c->sample_rate = 8000; av_channel_layout_default(&c->ch_layout, 1); avcodec_open2(c, NULL, NULL);
	avcodec_close(c); END(avcodec_free_context(&c));
}
WAY(codec_parameters) { AVCodecParameters *c = avcodec_parameters_alloc(); END(avcodec_parameters_free(&c)); }
WAY(bsf) { AVBSFContext *b; av_bsf_alloc(av_bsf_get_by_name("null"), &b); END(av_bsf_free(&b)); }
WAY(bsf_list)
{
	AVBSFContext *b; AVBSFList *l = av_bsf_list_alloc(); av_bsf_list_append2(l, "null", NULL);
	av_bsf_list_append2(l, "null", NULL); av_bsf_list_finalize(&l, &b); END(av_bsf_free(&b));
}
WAY(parser) { AVCodecParserContext *p = av_parser_init(AV_CODEC_ID_AAC); END(av_parser_close(p)); }
WAY(format_free) { AVFormatContext *f = avformat_alloc_context(); END(avformat_free_context(f)); }
WAY(format_stream)
{
	AVFormatContext *f = avformat_alloc_context(); avformat_new_stream(f, NULL);
	END(avformat_free_context(f));
}
WAY(format_input)
{
	AVFormatContext *f = NULL; avformat_open_input(&f, getenv("WAYS_WAV"), NULL, NULL);
	avformat_find_stream_info(f, NULL); END(avformat_close_input(&f));
}
WAY(format_input_failed)
{
	AVFormatContext *f = avformat_alloc_context();
	if (!forget) avformat_open_input(&f, "/nonexistent", NULL, NULL);
}
WAY(io_free)
{
	AVIOContext *i = avio_alloc_context(av_malloc(99), 99, 0, NULL, NULL, NULL, NULL); av_freep(&i->buffer);
	END(avio_context_free(&i));
}
WAY(io_closed) { AVIOContext *i; avio_open(&i, "/etc/passwd", AVIO_FLAG_READ); END(avio_closep(&i)); }
WAY(io_dyn_buf)
{
	AVIOContext *i; uint8_t *b; avio_open_dyn_buf(&i); avio_w8(i, 1);
	if (!forget) { avio_close_dyn_buf(i, &b); av_free(b); }
}

int main(int n, char **words)
{
	return go_all_ways(n, words);
}

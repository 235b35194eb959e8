/* SPDX-License-Identifier: MIT */
/* A pad probe keeps a reference of every third of 30 buffers and forgets them. */
#include <gst/gst.h>

static gboolean forgets = TRUE;

static GstPadProbeReturn on_buffer(GstPad *pad, GstPadProbeInfo *info, gpointer data)
{
	static int seen;
	(void)pad, (void)data;
	GstBuffer *kept = gst_buffer_ref(GST_PAD_PROBE_INFO_BUFFER(info));
	if (!forgets || seen++ % 3)
		gst_buffer_unref(kept);
	return GST_PAD_PROBE_OK;
}

int main(int argc, char **argv)
{
	forgets = argc < 2;
	gst_init(NULL, NULL);
	GstElement *line = gst_parse_launch("fakesrc num-buffers=30 sizetype=fixed ! fakesink name=s", NULL);
	GstElement *sink = gst_bin_get_by_name(GST_BIN(line), "s");
	GstPad *pad = gst_element_get_static_pad(sink, "sink");
	gst_pad_add_probe(pad, GST_PAD_PROBE_TYPE_BUFFER, on_buffer, NULL, NULL);
	gst_object_unref(pad), gst_object_unref(sink);
	gst_element_set_state(line, GST_STATE_PLAYING);
	GstBus *bus = gst_element_get_bus(line);
	GstMessage *end = gst_bus_timed_pop_filtered(bus, -1, GST_MESSAGE_EOS | GST_MESSAGE_ERROR);
	gst_message_unref(end), gst_object_unref(bus);
	g_usleep(30000); /* the last buffer is of age at the end, whatever its thread does then */
	gst_element_set_state(line, GST_STATE_NULL);
	gst_object_unref(line);
	gst_deinit();
}

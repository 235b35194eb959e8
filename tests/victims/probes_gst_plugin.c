/* SPDX-License-Identifier: MIT */
/* A plugin with an element that drops every fourth buffer, for gst-launch-1.0. With clean=true it lets go of them. */
#define PACKAGE "leaky"
#include <gst/gst.h>

typedef struct { GstElement parent; GstPad *in, *out; gboolean clean; unsigned seen; } Leaky;
typedef struct { GstElementClass parent; } LeakyClass;
GType leaky_get_type(void);
G_DEFINE_TYPE(Leaky, leaky, GST_TYPE_ELEMENT)

static GstStaticPadTemplate in = GST_STATIC_PAD_TEMPLATE("sink", GST_PAD_SINK, GST_PAD_ALWAYS, GST_STATIC_CAPS_ANY);
static GstStaticPadTemplate out = GST_STATIC_PAD_TEMPLATE("src", GST_PAD_SRC, GST_PAD_ALWAYS, GST_STATIC_CAPS_ANY);

static GstFlowReturn leaky_chain(GstPad *pad, GstObject *object, GstBuffer *buffer)
{
	Leaky *me = (Leaky *)object;

	(void)pad;
	if (me->seen++ % 4) {
		g_usleep(8000); /* the last one it drops is of age at the end, whenever this thread is taken off a processor */
		return gst_pad_push(me->out, buffer);
	}
	if (me->clean)
		gst_buffer_unref(buffer);
	return GST_FLOW_OK;
}

static void set(GObject *object, guint id, const GValue *value, GParamSpec *spec)
{
	(void)id, (void)spec;
	((Leaky *)object)->clean = g_value_get_boolean(value);
}

static void leaky_class_init(LeakyClass *class)
{
	GObjectClass *object = G_OBJECT_CLASS(class);

	object->set_property = set;
	g_object_class_install_property(object, 1, g_param_spec_boolean("clean", "clean", "clean", FALSE, G_PARAM_WRITABLE));
	gst_element_class_set_static_metadata(GST_ELEMENT_CLASS(class), "Leaky", "Filter", "Drops buffers", "nobody");
	gst_element_class_add_static_pad_template(GST_ELEMENT_CLASS(class), &in);
	gst_element_class_add_static_pad_template(GST_ELEMENT_CLASS(class), &out);
}

static void leaky_init(Leaky *me)
{
	me->in = gst_pad_new_from_static_template(&in, "sink");
	me->out = gst_pad_new_from_static_template(&out, "src");
	gst_pad_set_chain_function(me->in, leaky_chain);
	GST_PAD_SET_PROXY_CAPS(me->in);
	gst_element_add_pad(GST_ELEMENT(me), me->in);
	gst_element_add_pad(GST_ELEMENT(me), me->out);
}

static gboolean load(GstPlugin *plugin)
{
	return gst_element_register(plugin, "leaky", GST_RANK_NONE, leaky_get_type());
}

GST_PLUGIN_DEFINE(GST_VERSION_MAJOR, GST_VERSION_MINOR, leaky, "Drops buffers", load, "1", "MIT", "leaky", "https://example.org")

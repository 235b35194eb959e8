/* SPDX-License-Identifier: MIT */
#include <gst/gst.h>
#include "ways.h"

static void start(void) { static int started; if (!started++) gst_init(NULL, NULL); }
static GstBuffer *buffer(void) { start(); return gst_buffer_new_allocate(NULL, 99, NULL); }
static GstCaps *caps(void) { start(); return gst_caps_new_simple("video/x-raw", "width", G_TYPE_INT, 9, NULL); }
WAY(buffer_unref) { GstBuffer *b = buffer(); END(gst_buffer_unref(b)); }
WAY(buffer_clear) { GstBuffer *b = buffer(); END(gst_clear_buffer(&b)); }
WAY(buffer_clear_mini_object) { GstBuffer *b = buffer(); END(gst_clear_mini_object((GstMiniObject **)&b)); }
WAY(buffer_replaced)
{
	GstBuffer *b = buffer(), *c = buffer(); gst_buffer_replace(&b, c); gst_buffer_unref(c);
	END(gst_buffer_unref(b));
}
WAY(buffer_replaced_by_none) { GstBuffer *b = buffer(); END(gst_buffer_replace(&b, NULL)); }
WAY(buffer_taken)
{
	GstBuffer *b = buffer(); gst_mini_object_take((GstMiniObject **)&b, (GstMiniObject *)buffer());
	END(gst_buffer_unref(b));
}
WAY(buffer_stolen)
{
	GstBuffer *b = buffer(), *c = (GstBuffer *)gst_mini_object_steal((GstMiniObject **)&b);
	END(gst_buffer_unref(c));
}
WAY(buffer_appended) { GstBuffer *b = gst_buffer_append(buffer(), buffer()); END(gst_buffer_unref(b)); }
WAY(buffer_made_writable)
{
	GstBuffer *b = buffer(), *c = gst_buffer_make_writable(gst_buffer_ref(b)); gst_buffer_unref(b);
	END(gst_buffer_unref(c));
}
WAY(buffer_region)
{
	GstBuffer *b = buffer(), *c = gst_buffer_copy_region(b, GST_BUFFER_COPY_ALL, 0, 9); gst_buffer_unref(b);
	END(gst_buffer_unref(c));
}
WAY(buffer_list)
{
	GstBufferList *l; start(); l = gst_buffer_list_new(); gst_buffer_list_add(l, buffer());
	gst_buffer_list_add(l, buffer()); gst_buffer_list_remove(l, 0, 1); END(gst_buffer_list_unref(l));
}
WAY(buffer_of_pool)
{
	start(); GstBufferPool *p = gst_buffer_pool_new(); GstStructure *c = gst_buffer_pool_get_config(p);
	GstBuffer *b; gst_buffer_pool_config_set_params(c, NULL, 99, 1, 3); gst_buffer_pool_set_config(p, c);
	gst_buffer_pool_set_active(p, TRUE); gst_buffer_pool_acquire_buffer(p, &b, NULL); gst_buffer_unref(b);
	gst_buffer_pool_acquire_buffer(p, &b, NULL); END(gst_buffer_unref(b));
	gst_buffer_pool_set_active(p, FALSE); gst_object_unref(p);
}
WAY(buffer_parent_meta)
{
	GstBuffer *b = buffer(), *c = buffer(); gst_buffer_add_parent_buffer_meta(c, b); gst_buffer_unref(b);
	END(gst_buffer_unref(c));
}
WAY(memory_of_buffer)
{
	GstBuffer *b = buffer(); GstMemory *m = gst_buffer_get_memory(b, 0); gst_buffer_unref(b);
	END(gst_memory_unref(m));
}
WAY(memory_wrapped) { start(); GstBuffer *b = gst_buffer_new_wrapped(g_malloc(9), 9); END(gst_buffer_unref(b)); }
WAY(memory_replaced)
{
	GstBuffer *b = buffer(); gst_buffer_replace_all_memory(b, gst_allocator_alloc(NULL, 9, NULL));
	END(gst_buffer_unref(b));
}
WAY(memory_shared)
{
	start(); GstMemory *m = gst_allocator_alloc(NULL, 99, NULL), *n = gst_memory_share(m, 0, 9);
	gst_memory_unref(m); END(gst_memory_unref(n));
}
WAY(caps_unref) { GstCaps *c = caps(); END(gst_caps_unref(c)); }
WAY(caps_append) { GstCaps *c = caps(); gst_caps_append(c, caps()); END(gst_caps_unref(c)); }
WAY(caps_merge) { GstCaps *c = gst_caps_merge(caps(), caps()); END(gst_caps_unref(c)); }
WAY(caps_merge_structure)
{
	GstCaps *c = gst_caps_merge_structure(caps(), gst_structure_new_empty("a/b")); END(gst_caps_unref(c));
}
WAY(caps_steal_structure)
{
	GstCaps *c = caps(); GstStructure *s = gst_caps_steal_structure(c, 0); gst_caps_unref(c);
	END(gst_structure_free(s));
}
WAY(caps_remove_structure) { GstCaps *c = caps(); gst_caps_remove_structure(c, 0); END(gst_caps_unref(c)); }
WAY(caps_intersected)
{
	GstCaps *a = caps(), *b = caps(), *c = gst_caps_intersect(a, b); gst_caps_unref(a); gst_caps_unref(b);
	END(gst_caps_unref(c));
}
WAY(caps_fixated)
{
	GstCaps *c = gst_caps_fixate(gst_caps_simplify(gst_caps_normalize(gst_caps_truncate(caps()))));
	END(gst_caps_unref(c));
}
WAY(caps_replaced)
{
	GstCaps *c = NULL, *d = caps(); gst_caps_replace(&c, d); gst_caps_unref(d);
	END(gst_caps_replace(&c, NULL));
}
WAY(caps_in_value)
{
	GValue v = G_VALUE_INIT; GstCaps *c = caps(); g_value_init(&v, GST_TYPE_CAPS); g_value_take_boxed(&v, c);
	END(g_value_unset(&v));
}
WAY(caps_of_string) { start(); GstCaps *c = gst_caps_from_string("a/b, c=(int)1; d/e"); END(gst_caps_unref(c)); }
WAY(structure_free)
{
	start(); GstStructure *s = gst_structure_new("a", "b", G_TYPE_INT, 1, NULL); END(gst_structure_free(s));
}
WAY(structure_clear) { start(); GstStructure *s = gst_structure_new_empty("a"); END(gst_clear_structure(&s)); }
WAY(structure_taken)
{
	start(); GstStructure *s = gst_structure_new_empty("a");
	gst_structure_take(&s, gst_structure_new_empty("b")); END(gst_structure_take(&s, NULL));
}
WAY(structure_in_value)
{
	GValue v = G_VALUE_INIT; start(); g_value_init(&v, GST_TYPE_STRUCTURE);
	g_value_take_boxed(&v, gst_structure_new_empty("a")); END(g_value_unset(&v));
}
WAY(structure_of_event)
{
	start(); GstEvent *e = gst_event_new_custom(GST_EVENT_CUSTOM_UPSTREAM, gst_structure_new_empty("a"));
	END(gst_event_unref(e));
}
WAY(structure_of_message)
{
	start(); GstMessage *m = gst_message_new_application(NULL, gst_structure_new_empty("a"));
	END(gst_message_unref(m));
}
WAY(structure_of_string)
{
	start(); GstStructure *s = gst_structure_from_string("a, b=(structure)\"c\\,d\\=\\(int\\)1\\;\"", NULL);
	END(gst_structure_free(s));
}
WAY(structure_copied)
{
	start();
	GstStructure *s = gst_structure_new("a", "b", GST_TYPE_CAPS, NULL, NULL), *t = gst_structure_copy(s);
	gst_structure_free(s); END(gst_structure_free(t));
}
WAY(message_on_bus)
{
	start(); GstBus *b = gst_bus_new(); gst_bus_post(b, gst_message_new_eos(NULL));
	GstMessage *m = gst_bus_pop(b); gst_object_unref(b); END(gst_message_unref(m));
}
WAY(message_flushed)
{
	start(); GstBus *b = gst_bus_new(); gst_bus_post(b, gst_message_new_eos(NULL));
	gst_bus_set_flushing(b, TRUE); END(gst_object_unref(b));
}
WAY(event_stolen) { start(); GstEvent *e = gst_event_new_eos(), *f = gst_event_steal(&e); END(gst_event_unref(f)); }
WAY(query)
{
	GstCaps *c = caps(); GstQuery *q = gst_query_new_caps(c); gst_query_set_caps_result(q, c);
	gst_caps_unref(c); END(gst_query_unref(q));
}
WAY(sample)
{
	GstBuffer *b = buffer(); GstCaps *c = caps();
	GstSample *s = gst_sample_new(b, c, NULL, gst_structure_new_empty("a")); gst_buffer_unref(b);
	gst_caps_unref(c); END(gst_sample_unref(s));
}
WAY(tags)
{
	start();
	GstTagList *t = gst_tag_list_new(GST_TAG_TITLE, "x", NULL), *u = gst_tag_list_merge(t, t, GST_TAG_MERGE_APPEND);
	gst_tag_list_unref(t); END(gst_tag_list_unref(u));
}
WAY(uri)
{
	start(); GstUri *u = gst_uri_from_string("http://a/b?c=d"), *w = gst_uri_make_writable(gst_uri_ref(u));
	gst_uri_unref(u); END(gst_uri_unref(w));
}
WAY(promise)
{
	start(); GstPromise *p = gst_promise_new(); gst_promise_reply(p, gst_structure_new_empty("a"));
	END(gst_promise_unref(p));
}
WAY(element_in_bin)
{
	start(); GstElement *p = gst_pipeline_new(NULL);
	gst_bin_add_many(GST_BIN(p), gst_element_factory_make("fakesrc", NULL),
		gst_element_factory_make("fakesink", NULL), NULL);
	END(gst_object_unref(p));
}
WAY(element_removed)
{
	start(); GstElement *p = gst_pipeline_new(NULL), *e = gst_element_factory_make("fakesrc", NULL);
	gst_object_ref(e); gst_bin_add(GST_BIN(p), e); gst_bin_remove(GST_BIN(p), e); gst_object_unref(p);
	END(gst_object_unref(e));
}
WAY(pipeline_ran)
{
	start();
	GstElement *p = gst_parse_launch("fakesrc num-buffers=5 ! queue ! tee name=t t. ! queue ! fakesink t. ! queue ! fakesink", NULL);
	GstBus *b = gst_element_get_bus(p); gst_element_set_state(p, GST_STATE_PLAYING);
	gst_message_unref(gst_bus_timed_pop_filtered(b, GST_CLOCK_TIME_NONE, GST_MESSAGE_EOS));
	gst_element_set_state(p, GST_STATE_NULL); gst_object_unref(b); END(gst_object_unref(p));
}

int main(int n, char **words)
{
	return go_all_ways(n, words);
}

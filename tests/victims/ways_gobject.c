/* SPDX-License-Identifier: MIT */
#include <gio/gio.h>
#include "ways.h"

static GObject *make(void) { return g_object_new(G_TYPE_OBJECT, NULL); }

WAY(object_unref) { GObject *o = make(); END(g_object_unref(o)); }
WAY(object_clear) { GObject *o = make(); END(g_clear_object(&o)); }
WAY(object_clear_pointer) { GObject *o = make(); END(g_clear_pointer(&o, g_object_unref)); }
WAY(object_disposed) { GObject *o = make(); g_object_run_dispose(o); END(g_object_unref(o)); }
WAY(object_disposed_twice)
{
	GObject *o = make(); g_object_ref(o); g_object_run_dispose(o); g_object_run_dispose(o); g_object_unref(o);
	END(g_object_unref(o));
}
WAY(object_in_value)
{
	GValue v = G_VALUE_INIT; g_value_init(&v, G_TYPE_OBJECT); g_value_take_object(&v, make());
	END(g_value_unset(&v));
}
WAY(object_set_in_value)
{
	GValue v = G_VALUE_INIT; GObject *o = make(); g_value_init(&v, G_TYPE_OBJECT); g_value_set_object(&v, o);
	g_object_unref(o); END(g_value_reset(&v); g_value_unset(&v));
}
WAY(object_in_data)
{
	GObject *o = make(); g_object_set_data_full(o, "x", make(), g_object_unref); END(g_object_unref(o));
}
WAY(object_stolen_data)
{
	GObject *o = make(), *x; g_object_set_data_full(o, "x", make(), g_object_unref);
	x = g_object_steal_data(o, "x"); g_object_unref(o); END(g_object_unref(x));
}
static void toggled(gpointer data, GObject *o, gboolean last) { }
WAY(object_toggle_ref)
{
	GObject *o = make(); g_object_add_toggle_ref(o, toggled, NULL); g_object_unref(o);
	END(g_object_remove_toggle_ref(o, toggled, NULL));
}
WAY(object_weak_ref)
{
	GWeakRef w; GObject *o = make(), *p; g_weak_ref_init(&w, o); p = g_weak_ref_get(&w); g_object_unref(p);
	END(g_object_unref(o)); g_weak_ref_clear(&w);
}
WAY(object_weak_pointer)
{
	GObject *o = make(); g_object_add_weak_pointer(o, (gpointer *)&o); END(g_object_unref(o));
	g_clear_weak_pointer(&o);
}
WAY(object_set_pointer)
{
	GObject *o = make(), *p = NULL; g_set_object(&p, o); g_object_unref(o); END(g_set_object(&p, NULL));
}
WAY(object_in_closure)
{
	GObject *o = make(); GClosure *c = g_cclosure_new_object(G_CALLBACK(toggled), o); g_closure_ref(c);
	g_closure_sink(c); END(g_object_unref(o)); g_closure_unref(c);
}
WAY(object_binding)
{
	GObject *a = (GObject *)g_simple_action_new("a", NULL), *b = (GObject *)g_simple_action_new("b", NULL);
	GBinding *x = g_object_bind_property(a, "enabled", b, "enabled", 0); g_object_ref(x); g_binding_unbind(x);
	g_object_unref(x); g_object_unref(a); END(g_object_unref(b));
}
WAY(object_binding_ends_with_it)
{
	GObject *a = (GObject *)g_simple_action_new("a", NULL), *b = (GObject *)g_simple_action_new("b", NULL);
	g_object_bind_property(a, "enabled", b, "enabled", 0); g_object_unref(a); END(g_object_unref(b));
}
static void seen(gpointer data, GClosure *c) { g_object_unref(data); }
WAY(object_of_handler)
{
	GObject *a = make(), *o = make(); g_signal_connect_data(a, "notify", G_CALLBACK(toggled), o, seen, 0);
	END(g_object_unref(a));
}
WAY(object_connect_object)
{
	GObject *a = make(), *o = make(); g_signal_connect_object(a, "notify", G_CALLBACK(toggled), o, 0);
	END(g_object_unref(o)); g_object_unref(a);
}
WAY(object_list_store)
{
	GObject *o = make(); GListStore *s = g_list_store_new(G_TYPE_OBJECT); g_list_store_append(s, o);
	g_object_unref(o); END(g_object_unref(s));
}
WAY(object_ptr_array)
{
	GPtrArray *a = g_ptr_array_new_with_free_func(g_object_unref); g_ptr_array_add(a, make());
	END(g_ptr_array_unref(a));
}
WAY(object_list_free_full) { GList *l = g_list_prepend(NULL, make()); END(g_list_free_full(l, g_object_unref)); }
WAY(object_auto) { if (forget) make(); else { g_autoptr(GObject) o = make(); } }

static GType floating_type(void)
{
	static GType type;

	if (!type)
		type = g_type_register_static_simple(G_TYPE_INITIALLY_UNOWNED, "Floats", sizeof(GInitiallyUnownedClass),
		NULL, sizeof(GInitiallyUnowned), NULL, 0);
	return type;
}
static GObject *floats(void) { return g_object_new(floating_type(), NULL); }
WAY(floating_unref) { GObject *o = floats(); END(g_object_unref(o)); }
WAY(floating_sunk) { GObject *o = g_object_ref_sink(floats()); END(g_object_unref(o)); }
WAY(floating_sunk_twice)
{
	GObject *o = g_object_ref_sink(floats()); g_object_ref_sink(o); g_object_unref(o); END(g_object_unref(o));
}
WAY(floating_taken) { GObject *o = g_object_take_ref(floats()); END(g_object_unref(o)); }
WAY(floating_forced) { GObject *o = make(); g_object_force_floating(o); g_object_ref_sink(o); END(g_object_unref(o)); }
WAY(floating_in_value)
{
	GValue v = G_VALUE_INIT; g_value_init(&v, G_TYPE_OBJECT);
	g_value_take_object(&v, g_object_ref_sink(floats())); END(g_value_unset(&v));
}

WAY(closure_unref)
{
	GClosure *c = g_cclosure_new(G_CALLBACK(toggled), NULL, NULL); g_closure_ref(c); g_closure_sink(c);
	END(g_closure_unref(c));
}
WAY(closure_floating_unref) { GClosure *c = g_cclosure_new(G_CALLBACK(toggled), NULL, NULL); END(g_closure_unref(c)); }
WAY(closure_floating_sunk) { GClosure *c = g_cclosure_new(G_CALLBACK(toggled), NULL, NULL); END(g_closure_sink(c)); }
WAY(closure_boxed)
{
	GClosure *c = g_cclosure_new(G_CALLBACK(toggled), NULL, NULL); g_closure_ref(c); g_closure_sink(c);
	END(g_boxed_free(G_TYPE_CLOSURE, c));
}
WAY(closure_invalidated)
{
	GClosure *c = g_cclosure_new(G_CALLBACK(toggled), NULL, NULL); g_closure_ref(c); g_closure_sink(c);
	g_closure_invalidate(c); END(g_closure_unref(c));
}
WAY(closure_connected)
{
	GObject *o = make();
	g_signal_connect_closure(o, "notify", g_cclosure_new(G_CALLBACK(toggled), NULL, NULL), FALSE);
	END(g_object_unref(o));
}
WAY(closure_disconnected)
{
	GObject *o = make(); gulong id = g_signal_connect(o, "notify", G_CALLBACK(toggled), NULL);
	g_clear_signal_handler(&id, o); END(g_object_unref(o));
}
WAY(closure_of_source)
{
	GSource *s = g_idle_source_new();
	g_source_set_closure(s, g_cclosure_new(G_CALLBACK(toggled), NULL, NULL)); END(g_source_unref(s));
}

static GParamSpec *spec(void) { return g_param_spec_int("a-b", "A", "B", 0, 9, 1, G_PARAM_READABLE); }
WAY(param_floating_unref) { GParamSpec *p = spec(); END(g_param_spec_unref(p)); }
WAY(param_floating_sunk) { GParamSpec *p = spec(); END(g_param_spec_sink(p)); }
WAY(param_sunk) { GParamSpec *p = g_param_spec_ref_sink(spec()); END(g_param_spec_unref(p)); }
WAY(param_ref_sink) { GParamSpec *p = g_param_spec_ref(spec()); g_param_spec_sink(p); END(g_param_spec_unref(p)); }
WAY(param_sunk_shared)
{
	GParamSpec *p = g_param_spec_ref_sink(spec()); g_param_spec_ref(p); g_param_spec_unref(p);
	END(g_param_spec_unref(p));
}
WAY(param_in_value)
{
	GValue v = G_VALUE_INIT; g_value_init(&v, G_TYPE_PARAM);
	g_value_take_param(&v, g_param_spec_ref_sink(spec())); END(g_value_unset(&v));
}
WAY(param_set_in_value)
{
	GValue v = G_VALUE_INIT; GParamSpec *p = g_param_spec_ref_sink(spec()); g_value_init(&v, G_TYPE_PARAM);
	g_value_set_param(&v, p); g_param_spec_unref(p); END(g_value_unset(&v));
}
WAY(param_in_pool)
{
	static GParamSpecPool *pool; GParamSpec *p = g_param_spec_ref_sink(spec());
	if (!pool) pool = g_param_spec_pool_new(FALSE); g_param_spec_pool_insert(pool, p, G_TYPE_OBJECT);
	g_param_spec_pool_remove(pool, p); END(g_param_spec_unref(p));
}

static GDBusNodeInfo *node(void)
{
	return g_dbus_node_info_new_for_xml("<node><interface name='a.b'><method name='C'/></interface></node>", NULL);
}
WAY(node_info_unref) { GDBusNodeInfo *n = node(); END(g_dbus_node_info_unref(n)); }
WAY(node_info_boxed) { GDBusNodeInfo *n = node(); END(g_boxed_free(G_TYPE_DBUS_NODE_INFO, n)); }
WAY(node_info_interface_kept)
{
	GDBusNodeInfo *n = node(); GDBusInterfaceInfo *i = g_dbus_interface_info_ref(n->interfaces[0]);
	END(g_dbus_node_info_unref(n)); g_dbus_interface_info_unref(i);
}

static void done(GObject *o, GAsyncResult *r, gpointer data) { g_main_loop_quit(data); }
static GMainLoop *wait_for(GTask **task)
{
	GMainLoop *l = g_main_loop_new(NULL, FALSE); *task = g_task_new(NULL, NULL, done, l); return l;
}
static void waited(GMainLoop *l, GTask *t) { g_main_loop_run(l); g_main_loop_unref(l); }
WAY(task_pointer_propagated)
{
	GTask *t; GMainLoop *l = wait_for(&t); GObject *o; g_task_return_pointer(t, make(), g_object_unref);
	waited(l, t); o = g_task_propagate_pointer(t, NULL); g_object_unref(t); END(g_object_unref(o));
}
WAY(task_pointer_unwanted)
{
	GTask *t; GMainLoop *l = wait_for(&t); g_task_return_pointer(t, make(), g_object_unref); waited(l, t);
	END(g_object_unref(t));
}
WAY(task_error_propagated)
{
	GError *e = NULL; GTask *t; GMainLoop *l = wait_for(&t); g_task_return_new_error(t, G_IO_ERROR, 0, "no");
	waited(l, t); g_task_propagate_int(t, &e); g_object_unref(t); END(g_clear_error(&e));
}
WAY(task_error_unwanted)
{
	GTask *t; GMainLoop *l = wait_for(&t); g_task_return_error(t, g_error_new_literal(G_IO_ERROR, 0, "no"));
	waited(l, t); END(g_object_unref(t));
}
WAY(task_data)
{
	GTask *t = g_task_new(NULL, NULL, NULL, NULL); g_task_set_task_data(t, make(), g_object_unref);
	g_task_return_boolean(t, TRUE); END(g_object_unref(t));
}
WAY(task_cancelled)
{
	GCancellable *c = g_cancellable_new(); GTask *t; GMainLoop *l = g_main_loop_new(NULL, FALSE);
	t = g_task_new(NULL, c, done, l); g_cancellable_cancel(c); g_task_return_error_if_cancelled(t);
	waited(l, t); g_object_unref(c); END(g_object_unref(t));
}
WAY(stream_close)
{
	GInputStream *s = g_memory_input_stream_new_from_data(g_strdup("x"), 1, g_free);
	g_input_stream_close(s, NULL, NULL); END(g_object_unref(s));
}
WAY(stream_bytes)
{
	GBytes *b = g_bytes_new("abc", 3); GInputStream *s = g_memory_input_stream_new_from_bytes(b);
	g_bytes_unref(b); END(g_object_unref(s));
}
WAY(stream_steal_bytes)
{
	GOutputStream *s = g_memory_output_stream_new_resizable(); GBytes *b;
	g_output_stream_write(s, "x", 1, NULL, NULL); g_output_stream_close(s, NULL, NULL);
	b = g_memory_output_stream_steal_as_bytes((void *)s); g_object_unref(s); END(g_bytes_unref(b));
}
WAY(stream_filter)
{
	GInputStream *s = g_memory_input_stream_new_from_data("x", 1, NULL), *f = g_buffered_input_stream_new(s);
	g_object_unref(s); END(g_object_unref(f));
}
WAY(file_dup) { GFile *f = g_file_new_for_path("/etc"), *d = g_file_dup(f); g_object_unref(f); END(g_object_unref(d)); }
WAY(file_enumerated)
{
	GFile *f = g_file_new_for_path("/etc");
	GFileEnumerator *e = g_file_enumerate_children(f, "standard::name", 0, NULL, NULL); GFileInfo *i;
	GFile *c; g_file_enumerator_iterate(e, &i, &c, NULL, NULL); g_object_unref(f); END(g_object_unref(e));
}
WAY(menu)
{
	GMenu *m = g_menu_new(), *s = g_menu_new(); g_menu_append_section(m, NULL, (void *)s); g_object_unref(s);
	END(g_object_unref(m));
}
WAY(message)
{
	GDBusMessage *m = g_dbus_message_new_signal("/a", "a.b", "C");
	g_dbus_message_set_body(m, g_variant_new("(s)", "x")); END(g_object_unref(m));
}
WAY(simple_async_error)
{
	GSimpleAsyncResult *r = g_simple_async_result_new_take_error(NULL, NULL, NULL, g_error_new_literal(G_IO_ERROR,
		0, "no"));
	END(g_object_unref(r));
}

int main(int n, char **words)
{
	return go_all_ways(n, words);
}

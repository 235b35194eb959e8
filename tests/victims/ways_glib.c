/* SPDX-License-Identifier: MIT */
#include <gio/gio.h>
#include <stdlib.h>
#include "ways.h"

WAY(bytes_unref) { GBytes *b = g_bytes_new("abc", 3); END(g_bytes_unref(b)); }
WAY(bytes_to_data) { gsize n; GBytes *b = g_bytes_new("abc", 3); END(g_free(g_bytes_unref_to_data(b, &n))); }
WAY(bytes_shared_to_data)
{
	gsize n; GBytes *b = g_bytes_new("abc", 3); g_bytes_ref(b); g_free(g_bytes_unref_to_data(b, &n));
	END(g_bytes_unref(b));
}
WAY(bytes_static_to_data)
{
	gsize n; GBytes *b = g_bytes_new_static("abc", 3); END(g_free(g_bytes_unref_to_data(b, &n)));
}
WAY(bytes_to_array) { GBytes *b = g_bytes_new("abc", 3); END(g_byte_array_unref(g_bytes_unref_to_array(b))); }
WAY(bytes_shared_to_array)
{
	GBytes *b = g_bytes_new("abc", 3); g_bytes_ref(b); g_byte_array_unref(g_bytes_unref_to_array(b));
	END(g_bytes_unref(b));
}
WAY(bytes_clear_pointer) { GBytes *b = g_bytes_new("abc", 3); END(g_clear_pointer(&b, g_bytes_unref)); }
WAY(bytes_of_bytes)
{
	GBytes *b = g_bytes_new("abcdef", 6), *c = g_bytes_new_from_bytes(b, 1, 2); g_bytes_unref(b);
	END(g_bytes_unref(c));
}
WAY(bytes_whole_of_bytes)
{
	GBytes *b = g_bytes_new("abcdef", 6), *c = g_bytes_new_from_bytes(b, 0, 6); g_bytes_unref(b);
	END(g_bytes_unref(c));
}
WAY(bytes_in_boxed_value)
{
	GValue v = G_VALUE_INIT; GBytes *b = g_bytes_new("abc", 3); g_value_init(&v, G_TYPE_BYTES);
	g_value_take_boxed(&v, b); END(g_value_unset(&v));
}
WAY(bytes_in_variant)
{
	GBytes *b = g_bytes_new("abc", 3);
	GVariant *v = g_variant_new_from_bytes(G_VARIANT_TYPE_BYTESTRING, b, TRUE); g_bytes_unref(b);
	END(g_variant_unref(v));
}

WAY(array_unref) { GArray *a = g_array_new(0, 0, 4); END(g_array_unref(a)); }
WAY(array_free) { GArray *a = g_array_new(0, 0, 4); END(g_array_free(a, TRUE)); }
WAY(array_free_segment)
{
	int x = 1; GArray *a = g_array_new(0, 0, 4); g_array_append_val(a, x);
	END(g_free(g_array_free(a, FALSE)));
}
WAY(array_shared_free)
{
	GArray *a = g_array_new(0, 0, 4); g_array_ref(a); g_array_free(a, TRUE); END(g_array_unref(a));
}
WAY(array_steal)
{
	int x = 1; GArray *a = g_array_new(0, 0, 4); g_array_append_val(a, x); g_free(g_array_steal(a, NULL));
	END(g_array_unref(a));
}
WAY(array_copy) { GArray *a = g_array_new(0, 0, 4), *c = g_array_copy(a); g_array_unref(a); END(g_array_unref(c)); }
WAY(array_boxed) { GArray *a = g_array_new(0, 0, 4); END(g_boxed_free(G_TYPE_ARRAY, a)); }
WAY(byte_array_unref) { GByteArray *a = g_byte_array_new(); END(g_byte_array_unref(a)); }
WAY(byte_array_free) { GByteArray *a = g_byte_array_new(); END(g_byte_array_free(a, TRUE)); }
WAY(byte_array_free_segment)
{
	GByteArray *a = g_byte_array_new(); g_byte_array_append(a, (void *)"x", 1);
	END(g_free(g_byte_array_free(a, FALSE)));
}
WAY(byte_array_to_bytes)
{
	GByteArray *a = g_byte_array_new(); g_byte_array_append(a, (void *)"x", 1);
	END(g_bytes_unref(g_byte_array_free_to_bytes(a)));
}
WAY(byte_array_taken) { GByteArray *a = g_byte_array_new_take(g_malloc(9), 9); END(g_byte_array_unref(a)); }
WAY(byte_array_steal)
{
	GByteArray *a = g_byte_array_new_take(g_malloc(9), 9); g_free(g_byte_array_steal(a, NULL));
	END(g_byte_array_unref(a));
}

WAY(ptr_array_unref) { GPtrArray *a = g_ptr_array_new(); END(g_ptr_array_unref(a)); }
WAY(ptr_array_free)
{
	GPtrArray *a = g_ptr_array_new_with_free_func(g_free); g_ptr_array_add(a, g_malloc(9));
	END(g_ptr_array_free(a, TRUE));
}
WAY(ptr_array_free_segment)
{
	GPtrArray *a = g_ptr_array_new(); g_ptr_array_add(a, NULL); END(g_free(g_ptr_array_free(a, FALSE)));
}
WAY(ptr_array_shared_free)
{
	GPtrArray *a = g_ptr_array_new(); g_ptr_array_ref(a); g_ptr_array_free(a, TRUE);
	END(g_ptr_array_unref(a));
}
WAY(ptr_array_steal)
{
	GPtrArray *a = g_ptr_array_new(); g_ptr_array_add(a, NULL); g_free(g_ptr_array_steal(a, NULL));
	END(g_ptr_array_unref(a));
}
WAY(ptr_array_extend_and_steal)
{
	GPtrArray *a = g_ptr_array_new(), *b = g_ptr_array_new(); g_ptr_array_add(b, NULL);
	g_ptr_array_extend_and_steal(a, b); END(g_ptr_array_unref(a));
}
WAY(ptr_array_of_arrays)
{
	GPtrArray *a = g_ptr_array_new_with_free_func((GDestroyNotify)g_ptr_array_unref);
	g_ptr_array_add(a, g_ptr_array_new()); END(g_ptr_array_unref(a));
}

WAY(hash_unref) { GHashTable *t = g_hash_table_new(NULL, NULL); END(g_hash_table_unref(t)); }
WAY(hash_destroy)
{
	GHashTable *t = g_hash_table_new(NULL, NULL); g_hash_table_add(t, t); END(g_hash_table_destroy(t));
}
WAY(hash_shared_destroy)
{
	GHashTable *t = g_hash_table_new(NULL, NULL); g_hash_table_ref(t); g_hash_table_destroy(t);
	END(g_hash_table_unref(t));
}
WAY(hash_of_hashes)
{
	GHashTable *t = g_hash_table_new_full(NULL, NULL, NULL, (GDestroyNotify)g_hash_table_unref);
	g_hash_table_insert(t, t, g_hash_table_new_similar(t)); END(g_hash_table_destroy(t));
}
WAY(hash_steal_value)
{
	GHashTable *t = g_hash_table_new_full(NULL, NULL, g_free, (GDestroyNotify)g_bytes_unref); gpointer k, v;
	g_hash_table_insert(t, NULL, g_bytes_new("a", 1)); g_hash_table_steal_extended(t, NULL, &k, &v);
	g_hash_table_unref(t); END(g_bytes_unref(v));
}

static gboolean once(gpointer loop) { if (loop) g_main_loop_quit(loop); return G_SOURCE_REMOVE; }
static GSource *idle(void) { GSource *s = g_idle_source_new(); g_source_set_callback(s, once, NULL, NULL); return s; }
WAY(source_unref) { GSource *s = idle(); END(g_source_unref(s)); }
WAY(source_destroy)
{
	GMainContext *c = g_main_context_new(); GSource *s = idle(); g_source_attach(s, c); g_source_destroy(s);
	END(g_source_unref(s)); g_main_context_unref(c);
}
WAY(source_ends_with_context)
{
	GMainContext *c = g_main_context_new(); GSource *s = idle(); g_source_attach(s, c);
	END(g_source_unref(s)); g_main_context_unref(c);
}
WAY(source_ran)
{
	GMainContext *c = g_main_context_new(); GMainLoop *l = g_main_loop_new(c, FALSE);
	GSource *s = g_idle_source_new(); g_source_set_callback(s, once, l, NULL); g_source_attach(s, c);
	END(g_source_unref(s)); g_main_loop_run(l); g_main_loop_unref(l); g_main_context_unref(c);
}
WAY(source_removed) { guint id = g_timeout_add_seconds(99, once, NULL); g_source_remove(id); (void)forget; }
WAY(source_clear_handle) { guint id = g_idle_add(once, NULL); g_clear_handle_id(&id, g_source_remove); (void)forget; }
WAY(source_child)
{
	GSource *s = idle(), *c = idle(); g_source_add_child_source(s, c); g_source_unref(c);
	END(g_source_unref(s));
}
WAY(main_loop_unref) { GMainLoop *l = g_main_loop_new(NULL, FALSE); END(g_main_loop_unref(l)); }
WAY(main_context_unref) { GMainContext *c = g_main_context_new(); END(g_main_context_unref(c)); }
WAY(main_context_pushed)
{
	GMainContext *c = g_main_context_new(); g_main_context_push_thread_default(c);
	g_main_context_pop_thread_default(c); END(g_main_context_unref(c));
}

WAY(key_file_unref) { GKeyFile *k = g_key_file_new(); END(g_key_file_unref(k)); }
WAY(key_file_free) { GKeyFile *k = g_key_file_new(); END(g_key_file_free(k)); }
WAY(key_file_shared_free)
{
	GKeyFile *k = g_key_file_new(); g_key_file_ref(k); g_key_file_free(k); END(g_key_file_unref(k));
}
WAY(key_file_shared_unref_free)
{
	GKeyFile *k = g_key_file_new(); g_key_file_ref(k); g_key_file_unref(k); END(g_key_file_free(k));
}
WAY(key_file_clear_pointer) { GKeyFile *k = g_key_file_new(); END(g_clear_pointer(&k, g_key_file_free)); }
WAY(key_file_loaded)
{
	GKeyFile *k = g_key_file_new(); g_key_file_load_from_data(k, "[a]\nb=c\n", -1, 0, NULL);
	END(g_key_file_free(k));
}

WAY(regex_unref) { GRegex *r = g_regex_new("a+", 0, 0, NULL); END(g_regex_unref(r)); }
WAY(regex_match_info)
{
	GMatchInfo *m; GRegex *r = g_regex_new("a+", 0, 0, NULL); g_regex_match(r, "aa", 0, &m);
	END(g_regex_unref(r)); g_match_info_free(m);
}
WAY(mapped_unref) { GMappedFile *m = g_mapped_file_new("/etc/passwd", FALSE, NULL); END(g_mapped_file_unref(m)); }
WAY(mapped_free) { GMappedFile *m = g_mapped_file_new("/etc/passwd", FALSE, NULL); END(g_mapped_file_free(m)); }
WAY(mapped_bytes)
{
	GMappedFile *m = g_mapped_file_new("/etc/passwd", FALSE, NULL); GBytes *b = g_mapped_file_get_bytes(m);
	g_mapped_file_unref(m); END(g_bytes_unref(b));
}
WAY(queue_unref) { GAsyncQueue *q = g_async_queue_new(); END(g_async_queue_unref(q)); }
WAY(queue_unref_and_unlock)
{
	GAsyncQueue *q = g_async_queue_new(); g_async_queue_lock(q); if (forget) g_async_queue_unlock(q);
	else g_async_queue_unref_and_unlock(q);
}
WAY(queue_ref_unlocked)
{
	GAsyncQueue *q = g_async_queue_new(); g_async_queue_lock(q); g_async_queue_ref_unlocked(q);
	g_async_queue_unlock(q); g_async_queue_unref(q); END(g_async_queue_unref(q));
}
WAY(uri_unref) { GUri *u = g_uri_parse("http://a/b", 0, NULL); END(g_uri_unref(u)); }
WAY(uri_relative)
{
	GUri *b = g_uri_parse("http://a/b", 0, NULL), *u = g_uri_parse_relative(b, "c", 0, NULL); g_uri_unref(b);
	END(g_uri_unref(u));
}
WAY(uri_built)
{
	GUri *u = g_uri_build(0, "http", NULL, "a", -1, "/b", NULL, NULL); END(g_clear_pointer(&u, g_uri_unref));
}

static GQuark mine(void) { return g_quark_from_static_string("mine"); }
static void fails(GError **e) { g_set_error(e, mine(), 1, "no %d", 1); }
WAY(error_free) { GError *e = g_error_new(mine(), 1, "no"); END(g_error_free(e)); }
WAY(error_clear) { GError *e = NULL; fails(&e); END(g_clear_error(&e)); }
WAY(error_clear_pointer) { GError *e = NULL; fails(&e); END(g_clear_pointer(&e, g_error_free)); }
WAY(error_propagate) { GError *e = NULL, *f = NULL; fails(&e); g_propagate_error(&f, e); END(g_error_free(f)); }
WAY(error_propagate_to_nowhere) { GError *e = NULL; fails(&e); END(g_propagate_error(NULL, e)); }
WAY(error_propagate_prefixed)
{
	GError *e = NULL, *f = NULL; fails(&e); g_propagate_prefixed_error(&f, e, "so: "); END(g_clear_error(&f));
}
WAY(error_copy) { GError *e = NULL, *f; fails(&e); f = g_error_copy(e); g_error_free(e); END(g_error_free(f)); }
WAY(error_in_boxed_value)
{
	GValue v = G_VALUE_INIT; GError *e = NULL; fails(&e); g_value_init(&v, G_TYPE_ERROR);
	g_value_take_boxed(&v, e); END(g_value_unset(&v));
}
WAY(error_literal)
{
	GError *e = NULL; g_set_error_literal(&e, mine(), 1, "no"); g_prefix_error(&e, "x");
	END(g_clear_error(&e));
}

WAY(string_free) { GString *s = g_string_new("abc"); END(g_string_free(s, TRUE)); }
WAY(string_keeps_segment) { GString *s = g_string_new("abc"); END(g_free(g_string_free(s, FALSE))); }
WAY(string_to_bytes) { GString *s = g_string_new("abc"); END(g_bytes_unref(g_string_free_to_bytes(s))); }
WAY(string_boxed) { GString *s = g_string_new_len("abc", 2); END(g_boxed_free(G_TYPE_GSTRING, s)); }
#if GLIB_CHECK_VERSION(2, 76, 0)
WAY(string_steal) { GString *s = g_string_new("abc"); END(g_free(g_string_free_and_steal(s))); }
WAY(string_taken) { GString *s = g_string_new_take(g_strdup("abc")); END(g_string_free(s, TRUE)); }
WAY(array_taken) { GArray *a = g_array_new_take(g_malloc(8), 2, FALSE, 4); END(g_array_unref(a)); }
WAY(ptr_array_taken) { GPtrArray *a = g_ptr_array_new_take(g_malloc(8), 1, NULL); END(g_ptr_array_unref(a)); }
#endif

WAY(variant_floating_unref) { GVariant *v = g_variant_new_int32(3000000); END(g_variant_unref(v)); }
WAY(variant_sunk) { GVariant *v = g_variant_ref_sink(g_variant_new_string("abc")); END(g_variant_unref(v)); }
WAY(variant_sunk_twice)
{
	GVariant *v = g_variant_ref_sink(g_variant_new_string("abc")); g_variant_ref_sink(v); g_variant_unref(v);
	END(g_variant_unref(v));
}
WAY(variant_taken) { GVariant *v = g_variant_take_ref(g_variant_new_string("abc")); END(g_variant_unref(v)); }
WAY(variant_in_variant) { GVariant *v = g_variant_new_variant(g_variant_new_string("abc")); END(g_variant_unref(v)); }
WAY(variant_in_tuple)
{
	GVariant *v = g_variant_new("(sv)", "abc", g_variant_new_int32(3000000)); END(g_variant_unref(v));
}
WAY(variant_array)
{
	GVariant *c[2] = {g_variant_new_string("a"), g_variant_new_string("b")}, *v = g_variant_new_array(NULL, c, 2);
	END(g_variant_unref(v));
}
WAY(variant_child)
{
	GVariant *v = g_variant_new("(sv)", "abc", g_variant_new_int32(3000000)), *c = g_variant_get_child_value(v, 1);
	g_variant_unref(v); END(g_variant_unref(c));
}
WAY(variant_builder_end)
{
	GVariantBuilder b; GVariant *v; g_variant_builder_init(&b, G_VARIANT_TYPE("as"));
	g_variant_builder_add(&b, "s", "x"); v = g_variant_builder_end(&b); END(g_variant_unref(v));
}
WAY(variant_builder_value)
{
	GVariantBuilder *b = g_variant_builder_new(G_VARIANT_TYPE("as"));
	g_variant_builder_add_value(b, g_variant_new_string("x")); if (!forget) g_variant_builder_unref(b);
}
WAY(variant_builder_clear)
{
	GVariantBuilder b; g_variant_builder_init(&b, G_VARIANT_TYPE("as"));
	g_variant_builder_add_value(&b, g_variant_new_string("x")); END(g_variant_builder_clear(&b));
}
WAY(variant_dict)
{
	GVariantDict d; g_variant_dict_init(&d, NULL); g_variant_dict_insert(&d, "a", "s", "x");
	g_variant_dict_insert_value(&d, "b", g_variant_new_string("y")); END(g_variant_dict_clear(&d));
}
WAY(variant_dict_end)
{
	GVariantDict d; GVariant *v; g_variant_dict_init(&d, NULL); g_variant_dict_insert(&d, "a", "s", "x");
	v = g_variant_dict_end(&d); END(g_variant_unref(v));
}
WAY(variant_iter_loop)
{
	GVariant *v = g_variant_new_parsed("[<'a'>, <'b'>]"), *c; GVariantIter i; g_variant_iter_init(&i, v);
	while (g_variant_iter_loop(&i, "v", &c)); END(g_variant_unref(v));
}
WAY(variant_in_value)
{
	GValue v = G_VALUE_INIT; g_value_init(&v, G_TYPE_VARIANT);
	g_value_take_variant(&v, g_variant_new_string("abc")); END(g_value_unset(&v));
}
WAY(variant_serialised)
{
	GVariant *v = g_variant_new("(sv)", "abc", g_variant_new_int32(3000000)); g_variant_get_data(v);
	END(g_variant_unref(v));
}
WAY(variant_byteswap)
{
	GVariant *v = g_variant_new_int32(3000000), *w = g_variant_byteswap(v); g_variant_unref(v);
	END(g_variant_unref(w));
}
WAY(variant_normal)
{
	GVariant *v = g_variant_ref_sink(g_variant_new_int32(3000000)), *w = g_variant_get_normal_form(v);
	g_variant_unref(v); END(g_variant_unref(w));
}
WAY(variant_parsed)
{
	GVariant *v = g_variant_parse(NULL, "{'a': <1>}", NULL, NULL, NULL);
	END(g_clear_pointer(&v, g_variant_unref));
}
WAY(variant_print)
{
	GVariant *v = g_variant_new("(sv)", "abc", g_variant_new_int32(3000000));
	g_free(g_variant_print(v, TRUE)); END(g_variant_unref(v));
}

WAY(rc_box_release) { int *b = g_rc_box_new(int); END(g_rc_box_release(b)); }
WAY(rc_box_shared)
{
	int *b = g_rc_box_new(int); g_rc_box_acquire(b); g_rc_box_release(b); END(g_rc_box_release_full(b, NULL));
}
WAY(rc_box_dup) { int x = 0, *b = g_rc_box_dup(4, &x); END(g_rc_box_release(b)); }
WAY(arc_box_release) { int *b = g_atomic_rc_box_new0(int); END(g_atomic_rc_box_release(b)); }
WAY(arc_box_shared)
{
	int *b = g_atomic_rc_box_new(int); g_atomic_rc_box_acquire(b); g_atomic_rc_box_release(b);
	END(g_atomic_rc_box_release_full(b, NULL));
}
WAY(ref_string) { char *s = g_ref_string_new("abc"); END(g_ref_string_release(s)); }
WAY(ref_string_interned) { char *s = g_ref_string_new_intern("abcd"); END(g_ref_string_release(s)); }
WAY(ref_string_interned_twice)
{
	char *s = g_ref_string_new_intern("abcde"), *t = g_ref_string_new_intern("abcde");
	g_ref_string_release(t); END(g_ref_string_release(s));
}

int main(int n, char **words)
{
	return go_all_ways(n, words);
}

/* SPDX-License-Identifier: MIT */
#include "ways.h"
#include <jansson.h>
WAY(decref) { json_t *o = json_object(); END(json_decref(o)); }
WAY(decref_shared) { json_t *o = json_incref(json_object()); json_decref(o); END(json_decref(o)); }
WAY(set_new) { json_t *o = json_object(); json_object_set_new(o, "a", json_integer(7)); END(json_decref(o)); }
WAY(set_new_replaced)
{
	json_t *o = json_object(); json_object_set_new(o, "a", json_integer(7));
	json_object_set_new(o, "a", json_real(7)); END(json_decref(o));
}
WAY(set_new_refused)
{
	json_t *o = json_object(); json_object_set_new(NULL, "a", json_integer(7)); END(json_decref(o));
}
WAY(deleted)
{
	json_t *o = json_object(); json_object_set_new(o, "a", json_integer(7)); json_object_del(o, "a");
	json_object_clear(o); END(json_decref(o));
}
WAY(set_shared)
{
	json_t *o = json_object(), *n = json_integer(7); json_object_set(o, "a", n); json_decref(o);
	END(json_decref(n));
}
WAY(array)
{
	json_t *a = json_array(); json_array_append_new(a, json_integer(7));
	json_array_set_new(a, 0, json_string("x")); json_array_insert_new(a, 0, json_string("y"));
	json_array_remove(a, 0); json_array_clear(a); END(json_decref(a));
}
WAY(packed)
{
	json_t *o = json_pack("{s:i, s:[s, b], s:o}", "a", 1, "b", "x", 1, "c", json_string("z"));
	END(json_decref(o));
}
WAY(packed_wrongly) { json_t *n = json_integer(7); if (!forget) json_pack("{s:o, s:?}", "a", n, "b"); }
WAY(loaded) { json_t *o = json_loads("{\"a\": [1, {\"b\": \"c\"}]}", 0, NULL); END(json_decref(o)); }
WAY(copied)
{
	json_t *o = json_loads("{\"a\": [1, {\"b\": \"c\"}]}", 0, NULL), *c = json_deep_copy(o), *d = json_copy(o);
	json_decref(o); json_decref(c); END(json_decref(d));
}
WAY(updated)
{
	json_t *a = json_object(), *b = json_object(); json_object_set_new(b, "a", json_integer(7));
	json_object_update(a, b); json_decref(b); END(json_decref(a));
}
WAY(updated_new)
{
	json_t *a = json_object(), *b = json_object(); json_object_set_new(b, "a", json_integer(7));
	json_object_update_new(a, b); END(json_decref(a));
}
WAY(extended)
{
	json_t *a = json_array(), *b = json_array(); json_array_append_new(b, json_integer(7));
	json_array_extend(a, b); json_decref(b); END(json_decref(a));
}
WAY(unpacked)
{
	json_t *o = json_pack("{s:i}", "a", 1), *n; json_unpack(o, "{s:O}", "a", &n); json_decref(o);
	END(json_decref(n));
}

int main(int n, char **words)
{
	return go_all_ways(n, words);
}

/* SPDX-License-Identifier: MIT */
#include "ways.h"
#include <json-c/json.h>
static json_object *object(void) { return json_object_new_object(); }
static json_object *number(void) { return json_object_new_int(7); }
WAY(put) { json_object *o = object(); END(json_object_put(o)); }
WAY(put_shared) { json_object *o = json_object_get(object()); json_object_put(o); END(json_object_put(o)); }
WAY(added) { json_object *o = object(); json_object_object_add(o, "a", number()); END(json_object_put(o)); }
WAY(replaced)
{
	json_object *o = object(); json_object_object_add(o, "a", number());
	json_object_object_add(o, "a", number()); END(json_object_put(o));
}
WAY(deleted)
{
	json_object *o = object(); json_object_object_add(o, "a", number()); json_object_object_del(o, "a");
	END(json_object_put(o));
}
WAY(kept_after_delete)
{
	json_object *o = object(), *n = number(); json_object_object_add(o, "a", json_object_get(n));
	json_object_object_del(o, "a"); json_object_put(o); END(json_object_put(n));
}
WAY(array)
{
	json_object *a = json_object_new_array(); json_object_array_add(a, number());
	json_object_array_put_idx(a, 0, number()); json_object_array_del_idx(a, 0, 1);
	json_object_array_add(a, number()); END(json_object_put(a));
}
WAY(array_sized)
{
	json_object *a = json_object_new_array_ext(2); json_object_array_put_idx(a, 5, number());
	END(json_object_put(a));
}
WAY(parsed) { json_object *o = json_tokener_parse("{\"a\": [1, {\"b\": \"c\"}]}"); END(json_object_put(o)); }
WAY(parsed_to_the_middle)
{
	json_tokener *t = json_tokener_new(); json_tokener_parse_ex(t, "{\"a\": [1, {\"b\": ", -1);
	END(json_tokener_free(t));
}
WAY(parse_reset)
{
	json_tokener *t = json_tokener_new(); json_tokener_parse_ex(t, "{\"a\": [1, {\"b\": ", -1);
	json_tokener_reset(t); END(json_tokener_free(t));
}
WAY(deep_copy)
{
	json_object *o = object(), *c = NULL; json_object_object_add(o, "a", number());
	json_object_deep_copy(o, &c, NULL); json_object_put(o); END(json_object_put(c));
}
WAY(string_set)
{
	json_object *s = json_object_new_string("a");
	json_object_set_string(s, "longer than what was there before, by far"); END(json_object_put(s));
}

int main(int n, char **words)
{
	return go_all_ways(n, words);
}

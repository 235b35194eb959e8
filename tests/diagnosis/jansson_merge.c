/* SPDX-License-Identifier: MIT */
/* answer: extra-retain|never-released|owner-freed; in describe; at the lines between the marks; build: jansson */
#include <jansson.h>
#include <stdio.h>

static json_t *describe(const char *name, int load)
{
	json_t *obj = json_object();
	json_t *value = json_integer(load);

	json_object_set_new(obj, "name", json_string(name));
#ifdef FAULT
	json_object_set(obj, "load", value); /* <<< */
#else
	json_object_set_new(obj, "load", value);
#endif
	return obj; /* >>> */
}

static void report(json_t *list)
{
	size_t i;
	json_t *one;

	json_array_foreach(list, i, one)
		printf("%s=%d ", json_string_value(json_object_get(one, "name")), (int)json_integer_value(json_object_get(one, "load")));
	printf("\n");
}

int main(void)
{
	json_t *list = json_array();
	char name[16];

	for (int i = 0; i < 12; i++) {
		snprintf(name, sizeof(name), "cpu%d", i);
		json_array_append_new(list, describe(name, i * 3 + 1000));
	}
	report(list);
	json_decref(list);
	return 0;
}

/* SPDX-License-Identifier: MIT */
/* answer: double-release; in finish|drop; at the lines between the marks; build: json-c */
#include <json-c/json.h>
#include <stdio.h>

static struct json_object *current;

static void drop(struct json_object *o)
{
	json_object_put(o); /* <<< >>> */
}

static void finish(void)
{
	drop(current); /* <<< */
#ifdef FAULT
	drop(current);
#endif
	current = NULL; /* >>> */
}

int main(void)
{
	current = json_tokener_parse("[1,2,3]");
	printf("%zu\n", json_object_array_length(current));
	finish();
	return 0;
}

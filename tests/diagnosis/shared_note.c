/* SPDX-License-Identifier: MIT */
/* answer: extra-retain|never-released; in visit_record; at the lines between the marks; build: jansson */
/* A log of visits; the newest ones are kept as they are written. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

struct visits {
	json_t *log;
	size_t bytes;
};

static json_t *origin_of(unsigned n)
{
	json_t *origin = json_object();

	json_object_set_new(origin, "net", json_integer((json_int_t)(n % 7)));
	if (n % 3 == 0)
		json_object_set_new(origin, "proxy", json_true());
	return origin;
}

static void visit_record(struct visits *v, unsigned n)
{
	json_t *visit = json_object();

	json_object_set_new(visit, "page", json_integer((json_int_t)n * 3));
	if (n % 4 != 1) {
#ifdef FAULT
		json_object_set(visit, "origin", origin_of(n)); /* <<< >>> */
#else
		json_object_set_new(visit, "origin", origin_of(n));
#endif
	}
	json_array_append_new(v->log, visit);
	if (json_array_size(v->log) > 8)
		json_array_remove(v->log, 0);
}

static void visits_write(struct visits *v)
{
	char *text = json_dumps(v->log, JSON_COMPACT);

	for (const char *p = text; p && *p; p++)
		v->bytes += (unsigned char)*p;
	free(text);
}

int main(void)
{
	struct visits v = { json_array(), 0 };

	for (unsigned i = 0; i < 60; i++) {
		visit_record(&v, i);
		if (i % 10 == 9)
			visits_write(&v);
	}
	json_decref(v.log);
	v.log = NULL;
	printf("%zu\n", v.bytes);
	return 0;
}

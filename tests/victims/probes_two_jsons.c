/* SPDX-License-Identifier: MIT */
/* json-c and jansson in one process: both export json_object_get, with different meanings. */
#include <dlfcn.h>
#include <string.h>

static void *(*jc_new)(void), *(*jc_get)(void *), *(*ja_new)(void), *(*ja_text)(const char *);
static void *(*ja_get)(void *, const char *);
static int (*jc_put)(void *), (*ja_set)(void *, const char *, void *);
static void (*ja_delete)(void *);
static void *json_c(void) { return jc_new(); }
static void *jansson(void) { return ja_new(); }

int main(int argc, char **argv)
{
	int clean = argc > 1 && !strcmp(argv[1], "clean");
	void *c = dlopen("libjson-c.so.5", RTLD_NOW), *j = dlopen("libjansson.so.4", RTLD_NOW);
	jc_new = dlsym(c, "json_object_new_object"), jc_get = dlsym(c, "json_object_get"), jc_put = dlsym(c, "json_object_put");
	ja_new = dlsym(j, "json_object"), ja_get = dlsym(j, "json_object_get"), ja_text = dlsym(j, "json_string");
	ja_set = dlsym(j, "json_object_set_new"), ja_delete = dlsym(j, "json_delete");
	void *a = jc_get(json_c()), *b = jansson(), *text = ja_text("v");
	ja_set(b, "k", text);
	int right = ja_get(b, "k") == text && jc_put(a) == 0;
	if (clean)
		jc_put(a), ja_delete(b);
	a = b = text = 0;
	return !right;
}

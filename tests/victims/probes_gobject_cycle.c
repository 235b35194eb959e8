/* SPDX-License-Identifier: MIT */
/* Two objects hold each other by their data: a closure cycle in small. `clean` breaks it. */
#include <glib-object.h>
#include <string.h>

static GObject *make(void)
{
	return g_object_new(G_TYPE_OBJECT, NULL);
}

int main(int argc, char **argv)
{
	GObject *a = make(), *b = make();

	g_object_set_data_full(a, "other", g_object_ref(b), g_object_unref);
	g_object_set_data_full(b, "other", g_object_ref(a), g_object_unref);
	if (argc > 1 && !strcmp(argv[1], "clean"))
		g_object_set_data(a, "other", NULL);
	g_object_unref(a);
	g_object_unref(b);
	a = b = NULL;
	return 0;
}

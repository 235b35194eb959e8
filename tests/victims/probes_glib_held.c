/* SPDX-License-Identifier: MIT */
/* A cache keeps objects for the life of the program; who put the third one into it kept a reference too. */
#include <glib-object.h>
#include <string.h>

static GHashTable *cache;

static void __attribute__((noinline)) put(const char *key, gboolean forget)
{
	GObject *o = g_object_new(G_TYPE_OBJECT, NULL);

	g_hash_table_insert(cache, (gpointer)key, g_object_ref(o));
	if (!forget)
		g_object_unref(o);
}

static void wipe(void)
{
	volatile char deep[8192];

	for (unsigned i = 0; i < sizeof deep; i++)
		deep[i] = 0;
}

int main(int argc, char **argv)
{
	gboolean clean = argc > 1 && !strcmp(argv[1], "clean");

	cache = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, g_object_unref);
	put("first", FALSE);
	put("second", FALSE);
	put("third", !clean);
	wipe();
	return 0;
}

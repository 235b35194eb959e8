/* SPDX-License-Identifier: MIT */
/* An object of which one reference too many was kept is lost together with a helper that was made before it and leads
 * back to it (argv[1]: "node", "array"), or with a block that leads to it only ("above"). */
#include <glib-object.h>
#include <string.h>

static GObject *make(void)
{
	return g_object_new(G_TYPE_OBJECT, NULL);
}

static void __attribute__((noinline)) lose(const char *way)
{
	GList *node = g_list_append(NULL, NULL);
	GPtrArray *array = strcmp(way, "array") ? NULL : g_ptr_array_new();
	gpointer *above = strcmp(way, "above") ? NULL : g_malloc0(64);
	GObject *o = make();

	if (!strcmp(way, "node")) {
		node->data = o;
		g_object_set_data_full(o, "parts", node, (GDestroyNotify)g_list_free);
	} else {
		g_list_free(node);
	}
	if (array) {
		g_ptr_array_add(array, o);
		g_object_set_data_full(o, "parts", array, (GDestroyNotify)g_ptr_array_unref);
	}
	if (above)
		above[0] = g_object_ref(o);
}

int main(int argc, char **argv)
{
	lose(argc > 1 ? argv[1] : "node");
	return 0;
}

/* SPDX-License-Identifier: MIT */
/* Six objects with signal handlers, in the manner of argv[1]; with "right" as argv[2] all are let go. A good report names the
 * lost ones as GObject, and not the one that the program still has. */
#include "victim.h"
#include <glib-object.h>

static GObject *held[2];
static const char *how;
static int is_right;

static void changed(void)
{
}

static void drop(gpointer data, GClosure *closure)
{
	(void)closure;
	g_object_unref(data);
}

static __attribute__((noinline)) GObject *make(void)
{
	return g_object_new(G_TYPE_OBJECT, NULL);
}

static __attribute__((noinline)) void use_one(void)
{
	GObject *o = make(), *other = make();
	gulong id = 0;

	if (!strcmp(how, "own reference"))
		id = g_signal_connect_data(o, "notify", changed, g_object_ref(o), drop, 0);
	if (!strcmp(how, "own closure"))
		id = g_signal_connect_closure(o, "notify", g_cclosure_new(changed, g_object_ref(o), drop), FALSE);
	if (!strcmp(how, "each other")) {
		id = g_signal_connect_data(o, "notify", changed, g_object_ref(other), drop, 0);
		g_object_set_data_full(other, "other", g_object_ref(o), g_object_unref);
	}
	if (!strcmp(how, "several")) {
		for (int i = 0; i < 5; i++)
			g_signal_connect(o, i & 1 ? "notify" : "notify::x", changed, NULL);
		if (!is_right)
			g_object_ref(o);
	}
	if (!strcmp(how, "watched")) {
		g_signal_connect_object(o, "notify", changed, o, 0);
		if (!is_right)
			g_object_ref(o);
	}
	if (is_right && id)
		g_signal_handler_disconnect(o, id);
	g_object_unref(other);
	g_object_unref(o);
}

int main(int argc, char **argv)
{
	how = argc > 1 ? argv[1] : "own reference";
	is_right = argc > 2;
	held[0] = make();
	held[1] = make();
	g_signal_connect_data(held[0], "notify", changed, g_object_ref(held[1]), drop, 0);
	g_signal_connect(held[1], "notify", changed, NULL);
	g_object_unref(held[1]);
	held[1] = NULL; /* by its handler alone */
	for (int i = 0; i < 6; i++)
		use_one();
	forget();
	return 0;
}

/* A source that ends with G_SOURCE_REMOVE: GLib gives its last reference back by a function of its own. No mistake at all. */
#include <glib.h>

static int left = 3;

static gboolean tick(gpointer loop)
{
	if (--left)
		g_timeout_add(1, tick, loop);
	else
		g_main_loop_quit(loop);
	return G_SOURCE_REMOVE;
}

int main(void)
{
	GMainLoop *loop = g_main_loop_new(NULL, FALSE);

	g_idle_add(tick, loop);
	g_main_loop_run(loop);
	g_main_loop_unref(loop);
	return 0;
}

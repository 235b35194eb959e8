/* SPDX-License-Identifier: MIT */
/* answer: owner-freed; in route_free; at the lines between the marks; build: glib-2.0 */
/* Routes in a table that owns them; a route that is announced anew replaces the old one. */
#include <glib.h>
#include <string.h>

struct hop {
	guint cost;
	char label[20];
};

struct route {
	char *prefix;
	char *via;
	struct hop *hops;
	guint hop_count;
};

static void route_free(gpointer data)
{
	struct route *r = data; /* <<< */

	g_free(r->prefix);
#ifndef FAULT
	g_free(r->hops);
#endif
	g_free(r->via);
	g_free(r); /* >>> */
}

static struct route *route_parse(const char *line)
{
	char **words = g_strsplit(line, " ", -1);
	struct route *r = g_new0(struct route, 1);
	guint count = g_strv_length(words);

	r->prefix = g_strdup(words[0]);
	r->via = g_strdup(count > 1 ? words[1] : "direct");
	r->hop_count = count;
	r->hops = g_new(struct hop, count);
	for (guint i = 0; i < count; i++) {
		r->hops[i].cost = i * 10 + (guint)strlen(words[i]);
		g_strlcpy(r->hops[i].label, words[i], sizeof(r->hops[i].label));
	}
	g_strfreev(words);
	return r;
}

static guint announce(GHashTable *routes, const char *line)
{
	struct route *r = route_parse(line);

	g_hash_table_replace(routes, r->prefix, r);
	return r->hops[r->hop_count - 1].cost;
}

int main(void)
{
	GHashTable *routes = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, route_free);
	GString *log = g_string_new(NULL);
	guint cost = 0;

	for (int i = 0; i < 120; i++) {
		char *line = g_strdup_printf("10.%d.0.0/16 192.168.%d.1 eth%d metric %d", i % 25, i % 7, i % 3, i);

		cost += announce(routes, line);
		g_free(line);
	}
	g_hash_table_destroy(routes);
	routes = NULL;
	for (int i = 0; i < 200; i++)
		g_string_append_printf(log, "%d,", i);
	g_print("%u %u\n", cost, (guint)log->len);
	g_string_free(log, TRUE);
	return 0;
}

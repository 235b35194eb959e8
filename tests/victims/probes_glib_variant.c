/* SPDX-License-Identifier: MIT */
/* Sinks four floating variants and drops each reference but one. `clean` drops all. */
#include <glib.h>
#include <string.h>

static GVariant *make(int i)
{
	return g_variant_new("(is)", i, "text");
}

int main(int argc, char **argv)
{
	for (int i = 0; i < 4; i++) {
		GVariant *v = g_variant_ref_sink(make(i)); /* count stays 1 */
		g_variant_unref(g_variant_ref_sink(v));     /* not floating any more: 2, then 1 */
		if (argc > 1 && !strcmp(argv[1], "clean"))
			g_variant_unref(v);
	}
	return 0;
}

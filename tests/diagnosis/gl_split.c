/* SPDX-License-Identifier: MIT */
/* answer: owner-freed; in has_flag; at the lines between the marks; build: glib-2.0 */
#include <glib.h>

static gboolean has_flag(const char *line, const char *flag)
{
	gchar **parts = g_strsplit(line, ",", -1);
	gboolean found = FALSE;

	for (gchar **p = parts; *p && !found; p++)
		found = g_str_equal(g_strstrip(*p), flag);
#ifdef FAULT
	g_free(parts); /* <<< */
#else
	g_strfreev(parts);
#endif
	return found; /* >>> */
}

int main(void)
{
	int n = 0;

	for (int i = 0; i < 10; i++)
		n += has_flag(i % 2 ? "ro, noexec, nosuid" : "rw, relatime", "noexec");
	g_print("%d\n", n);
	return 0;
}

/* SPDX-License-Identifier: MIT */
/* answer: library|start-up-on-purpose|growing-cache; in -; at the lines between the marks; build: glib-2.0 */
#include <glib.h>

int main(void)
{
#ifdef FAULT
	unsigned sum = 0;

	for (int i = 0; i < 40; i++) {
		char *s = g_strdup_printf("quark-number-%d", i % 20);

		sum += g_quark_from_string(s);
		g_free(s);
	}
	g_print("%d\n", sum > 0);
#else
	g_print("%d\n", 1);
#endif
	return 0;
}

/* SPDX-License-Identifier: MIT */
/* answer: overwritten|owner-freed|never-released; in registry_set|registry_new|registry_destroy|main; at the lines between the marks; build: glib-2.0 */
#include <glib.h>

static GHashTable *registry;

static void registry_new(void)
{
#ifdef FAULT
	registry = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL); /* <<< >>> */
#else
	registry = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
#endif
}

static void registry_set(const char *key, int value)
{
	g_hash_table_replace(registry, g_strdup(key), g_strdup_printf("value %d", value)); /* <<< >>> */
}

static void registry_destroy(void)
{
	g_hash_table_destroy(registry); /* <<< >>> */
}

int main(void)
{
	char key[20];

	registry_new();
	for (int i = 0; i < 60; i++) {
		g_snprintf(key, sizeof(key), "key %d", i % 20);
		registry_set(key, i);
	}
	g_print("%u %s\n", g_hash_table_size(registry), (char *)g_hash_table_lookup(registry, "key 3"));
	registry_destroy();
	return 0;
}

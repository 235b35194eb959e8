/* SPDX-License-Identifier: MIT */
/* What functions of libraries do to a block: see calls_named.h. */
#include <string.h>
#include <strings.h>

#include "calls_named.h"

static const enum effect of_verbs[VERBS] = {
	[VERB_RETAIN] = EFFECT_RETAIN,
	[VERB_SINK] = EFFECT_SAME,
	[VERB_RELEASE] = EFFECT_RELEASE,
	[VERB_FINAL] = EFFECT_FREE,
	[VERB_MOVE] = EFFECT_HAND_OVER,
};

static bool ends_with(const char *name, const char *word)
{
	size_t n = strlen(name), k = strlen(word);

	return n > k && !strcasecmp(name + n - k, word);
}

/* library_thing_free, ThingFree, xmlFreeThing. */
static bool promises_release(const char *name)
{
	static const char *const words[] = { "_free", "_destroy", "_delete", "_finalize", "_dispose", "_close", "_cleanup",
					     "Free", "Destroy", "Delete", "Close", "regfree", "globfree", NULL };

	for (const char *const *w = words; *w; w++)
		if (ends_with(name, *w))
			return true;
	return !strncmp(name, "xmlFree", 7) || !strncmp(name, "htmlFree", 8) || strstr(name, "_free_") || strstr(name, "_strfreev");
}

/* library_clear_thing, library_thing_freep, library_thing_unrefp: they get the address of a pointer. */
static bool promises_clearing(const char *name)
{
	return strstr(name, "_clear_") || ends_with(name, "_freep") || ends_with(name, "_unrefp");
}

/* What gets it may keep it. */
static bool promises_keeping(const char *name)
{
	static const char *const words[] = { "add", "insert", "append", "prepend", "push", "attach", "register", "set", "put", "replace",
					     "connect", "assign", "enqueue", "link", NULL };

	for (const char *const *w = words; *w; w++) {
		const char *at = strcasestr(name, *w);

		if (at && at > name && (at[-1] == '_' || (at[0] >= 'A' && at[0] <= 'Z')))
			return true;
	}
	return false;
}

static enum effect promise(const char *name)
{
	if (promises_release(name))
		return EFFECT_FREE;
	if (ends_with(name, "_unref") || ends_with(name, "_put") || ends_with(name, "_decref"))
		return EFFECT_RELEASE;
	if (ends_with(name, "_ref") || ends_with(name, "_incref") || ends_with(name, "_up_ref"))
		return EFFECT_RETAIN;
	if (promises_clearing(name))
		return EFFECT_CLEAR;
	return promises_keeping(name) ? EFFECT_STORE : EFFECT_BORROW;
}

bool calls_only_close(const struct model *m, const char *name)
{
	for (uint32_t i = 1; i < m->probe_count; i++)
		if (of_verbs[m->probes[i].verb] && !strcmp(m->probes[i].symbol, name))
			return false;
	return ends_with(name, "_close") || ends_with(name, "_cleanup");
}

enum effect calls_named(const struct model *m, const char *name, bool is_library)
{
	enum effect effect = calls_effect(name);

	if (!name || effect != EFFECT_BORROW)
		return effect;
	for (uint32_t i = 1; i < m->probe_count; i++)
		if (of_verbs[m->probes[i].verb] && !strcmp(m->probes[i].symbol, name))
			return of_verbs[m->probes[i].verb];
	return is_library ? promise(name) : EFFECT_BORROW;
}

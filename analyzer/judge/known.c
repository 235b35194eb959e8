/* SPDX-License-Identifier: MIT */
/* What is not known: see known.h. */
#include "known.h"

#include <string.h>

/* A cut stack of what was let go, or is held, is missed by nobody. */
static bool has_cut_leak(struct work *w)
{
	for (uint32_t i = 0; i < w->group_count; i++) {
		const struct leak *leak = &w->groups[i]->leak;

		if (!(CLASS_LEAKS & 1u << leak->class))
			continue;
		stacks_path(&w->path, w->m, w->s, leak->node);
		if (w->path.is_cut)
			return true;
	}
	return false;
}

static bool nothing_was_missed(struct work *w)
{
	const struct model *m = w->m;

	for (unsigned i = 0; i < MODEL_DROPS; i++)
		if (m->drops[i] && (i != DROP_STACK_CUT || has_cut_leak(w)))
			return false;
	return !m->is_stopped && !m->is_partial && !m->scan.doubtful;
}

/* No block was ever recorded: is that because there was none? */
static const char *why_blind(const struct model *m)
{
	if (m->site_count > 1 || m->resource_count)
		return NULL;
	if (!strcmp(m->level, "disabled"))
		return "nothing was followed (level=disabled)";
	if (m->drops[DROP_NO_SPACE]) /* there was some, and that is told */
		return NULL;
	return strcmp(m->level, "paranoid") ? "only a sample is followed, and none of it was allocated" : NULL;
}

/* How it came that nobody looked, where nobody tried. */
static const char *why_never(struct model *m)
{
	if (m->drops[DROP_NO_SPACE])
		return "there was no space in the trace for what a look finds out; dir=DIR puts traces elsewhere";
	switch (m->ending) {
	case ENDING_RUNNING:
		return pool_print(&m->pool, "nobody has looked yet; next: leakshim snapshot %u", m->pid);
	case ENDING_SNAPSHOT:
		return "nobody had looked when this snapshot was made";
	case ENDING_EXEC:
		return "nobody looked before the exec";
	case ENDING_MERGED:
		return "of some of these processes nobody looked";
	case ENDING_EXIT:
	case ENDING_FAST_EXIT:
	case ENDING_QUICK_EXIT:
	case ENDING_ABORT:
		return "its end did not look";
	default:
		return "it ended so that nobody could look; what is alive is found while it runs, by leakshim snapshot PID";
	}
}

static const char *why_unclassified(struct model *m, const struct diagnosis *d)
{
	bool is_over = m->ending != ENDING_RUNNING && m->ending != ENDING_SNAPSHOT && m->ending != ENDING_MERGED;
	const struct scan *scan = &m->scan;
	const char *failed;

	if (!(d->totals[CLASS_UNCLASSIFIED].blocks > 0) || m->java.status != JAVA_NONE)
		return NULL;
	if (!scan->is_done && !scan->failure)
		return why_never(m);
	failed = !scan->failure ? NULL
		 : pool_print(&m->pool, "the latest scan for pointers failed: %s%s%s%s", scan->failure, scan->cure ? " (" : "",
			      scan->cure ? scan->cure : "", scan->cure ? ")" : "");
	if (!scan->is_done)
		return failed;
	if (failed)
		return pool_print(&m->pool, "made after the latest look; %s", failed);
	return is_over && !scan->is_at_end ? "made after the latest look, and the program ended so that there was no other one" : NULL;
}

void known_find(struct work *w, struct diagnosis *d)
{
	d->blind = why_blind(w->m);
	d->is_complete = nothing_was_missed(w) && !d->blind && strcmp(w->m->level, "disabled");
	d->unclassified = why_unclassified(w->m, d);
}

/* SPDX-License-Identifier: MIT */
/* What a second look is to look at: see focus.h. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "focus.h"
#include "own.h"
#include "trace.h"

#define SIBLINGS_MOST 24u

static uint64_t name_of(const struct model *m, uint32_t node)
{
	uint64_t hash = 0;

	for (unsigned steps = 0; node && m->nodes[node].parent && steps < TRACE_STACK_MAX * 2; node = m->nodes[node].parent, steps++) {
		const struct node *n = &m->nodes[node];

		if (!n->scope)
			hash = trace_focus_mix(hash, m->modules[n->module].name ? m->modules[n->module].name : "",
					       n->module ? n->pc - m->modules[n->module].bias : 0);
	}
	return hash;
}

static bool is_asked(const struct leak *leak)
{
	return leak->class <= CLASS_HELD && !leak->on;
}

unsigned focus_sites(const struct model *m, const struct diagnosis *d, uint32_t sites[FOCUS_MOST])
{
	unsigned count = 0;

	for (uint32_t i = 0; i < d->leak_count; i++)
		for (uint32_t s = 1; is_asked(&d->leaks[i]) && s < m->site_count && count < FOCUS_MOST; s++)
			if (m->sites[s].node == d->leaks[i].node && m->sites[s].node)
				sites[count++] = s;
	return count;
}

/* The innermost call of a stack that is not a library's; 0. */
static uint64_t call_of(const struct model *m, uint32_t node)
{
	for (unsigned steps = 0; node && m->nodes[node].parent && steps < TRACE_STACK_MAX * 2; node = m->nodes[node].parent, steps++) {
		const struct node *n = &m->nodes[node];

		if (!n->scope && n->module && !own_is_library_module(&m->modules[n->module]))
			return n->pc;
	}
	return 0;
}

/* Is a site none of a leak, but made by the same call as one? */
static bool is_sibling(const struct model *m, const struct diagnosis *d, uint32_t site)
{
	uint64_t call = call_of(m, m->sites[site].node);
	bool is_like = false;

	for (uint32_t i = 0; call && i < d->leak_count; i++) {
		if (d->leaks[i].node == m->sites[site].node)
			return false;
		is_like |= is_asked(&d->leaks[i]) && call_of(m, d->leaks[i].node) == call;
	}
	return is_like;
}

char *focus_names(struct model *m, const struct diagnosis *d)
{
	char *text = calloc(FOCUS_MOST, 17), *at = text;
	unsigned count = 0, most;

	for (uint32_t i = 0; text && i < d->leak_count && count < FOCUS_MOST; i++)
		if (is_asked(&d->leaks[i]))
			at += sprintf(at, "%s%" PRIx64, count++ ? "," : "", name_of(m, d->leaks[i].node));
	most = count + SIBLINGS_MOST < FOCUS_MOST ? count + SIBLINGS_MOST : FOCUS_MOST;
	for (uint32_t i = 1; text && count && i < m->site_count && count < most; i++)
		if (m->sites[i].node && is_sibling(m, d, i))
			at += sprintf(at, ",%" PRIx64, name_of(m, m->sites[i].node)), count++;
	return text;
}

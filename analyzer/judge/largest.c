/* SPDX-License-Identifier: MIT */
/* What is largest among the reachable: see largest.h. */
#include "largest.h"

#include "languages.h"
#include "own.h"
#include "path.h"

#define MAKERS 3u
#define POOLED 512 /* bytes: what is smaller would lie in a pool, if there was one */

/* The Python code that was seen most often to make blocks at a node. 0: none was. */
static uint32_t python_at(const struct model *m, uint32_t node)
{
	const struct python_seen *best = NULL;

	for (uint32_t i = 0; i < m->python_seen_count; i++) {
		const struct python_seen *seen = &m->python_seen[i];

		if (seen->stack && m->sites[seen->site].node == node && (!best || seen->count > best->count))
			best = seen;
	}
	return best ? best->stack : 0;
}

static const char *python_makers(struct work *w, uint32_t stack)
{
	const char *text = NULL;

	for (unsigned said = 0; stack && said < MAKERS; said++, stack = w->m->python_frames[stack].outer) {
		const struct python_frame *f = &w->m->python_frames[stack];

		text = pool_print(&w->m->pool, "%s%s%s", text ? text : "", text ? " < " : "", f->function);
		if (f->file)
			text = pool_print(&w->m->pool, "%s (%s:%u)", text, path_file(f->file), f->line);
	}
	return text;
}

/* By symbol tables alone: nobody asked for lines. Where all is a library's, Python code that it ran says more. */
static const char *makers(struct work *w, const struct path *path, uint32_t python)
{
	const char *text = NULL;
	unsigned said = 0;

	for (int wants_own = 1; !said && !text && wants_own >= 0; wants_own--) {
		for (unsigned i = 0; i < path->depth && said < MAKERS; i++) {
			uint32_t module = w->m->nodes[path->nodes[i]].module;
			const char *name = symbols_name(w->s, path->nodes[i])->text;
			struct place place = { .module = module ? &w->m->modules[module] : NULL };
			struct frame frame = { .function = name };

			if (!name || (wants_own && !said && own_is_library(&place, &frame)))
				continue;
			text = pool_print(&w->m->pool, "%s%s%s", text ? text : "", text ? " < " : "", name);
			said++;
		}
		text = said ? text : python_makers(w, python);
	}
	return text;
}

void largest_find(struct work *w, struct diagnosis *d)
{
	const struct leak *largest = NULL;

	for (uint32_t i = 0; i < w->group_count; i++) {
		const struct leak *leak = &w->groups[i]->leak;

		if (leak->class == CLASS_REACHABLE && !leak->resource && (!largest || leak->bytes > largest->bytes))
			largest = leak;
	}
	if (!largest)
		return;
	stacks_path(&w->path, w->m, w->s, largest->node);
	d->largest = (struct largest){ .count = largest->count,
				       .bytes = largest->bytes,
				       .is_estimate = largest->is_estimate,
				       .makers = makers(w, &w->path, python_at(w->m, largest->node)),
				       .pool = largest->bytes > POOLED * largest->count
						       ? languages_pool(w->m->languages, w->path.language)
						       : NULL };
}

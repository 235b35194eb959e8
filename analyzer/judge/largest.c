/* SPDX-License-Identifier: MIT */
/* What is largest among the reachable: see largest.h. */
#include "largest.h"

#include "languages.h"
#include "own.h"
#include "path.h"
#include "python.h"

#define MAKERS 3u
#define POOLED 512 /* bytes: what is smaller would lie in a pool, if there was one */

static const char *python_makers(struct work *w, const struct python *python)
{
	const struct python_stack *most = python && python->count ? python->stacks : NULL;
	const char *text = NULL;

	for (unsigned i = 0; most && i < most->depth && i < MAKERS; i++) {
		const struct python_frame *f = most->frames[i];

		text = pool_print(&w->m->pool, "%s%s%s", text ? text : "", text ? " < " : "", f->function);
		if (f->file)
			text = pool_print(&w->m->pool, "%s (%s:%u)", text, path_file(f->file), f->line);
	}
	return text;
}

/* By symbol tables alone: nobody asked for lines. Where all is a library's, Python code that it ran says more. */
static const char *makers(struct work *w, const struct path *path, const struct python *python)
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
				       .makers = makers(w, &w->path, python_at(w, largest->node)),
				       .pool = largest->bytes > POOLED * largest->count
						       ? languages_pool(w->m->languages, w->path.language)
						       : NULL };
}

/* SPDX-License-Identifier: MIT */
/* The code says that it is always released or kept, and yet it was lost: what else can have happened? */
#include <string.h>

#include "explain_private.h"
#include "walk_private.h"

#define NODES_MAX 64u

static bool is_locking(const char *name)
{
	return name && (strstr(name, "_lock") || strstr(name, "pthread_once") || strstr(name, "call_once") || strstr(name, "cxa_guard"));
}

/* Does code of a function take a lock, or one of what it calls? */
static bool locks(struct walk *w, uint64_t address, unsigned depth)
{
	const struct function *f = code_function(w->code, address);
	struct insn i;

	for (uint64_t at = f ? f->start : 0; f && at < f->end; at = i.next) {
		struct target t;

		if (decode(w->code, at, &i)) {
			i.next = at + 1;
			continue;
		}
		if (i.op != OP_CALL)
			continue;
		target_find(w, NULL, &i, &t);
		if (is_locking(t.name))
			return true;
		for (unsigned k = 0; k < t.count && depth; k++)
			if (locks(w, t.addresses[k], depth - 1))
				return true;
	}
	return false;
}

static bool is_locked(struct walk *w)
{
	for (unsigned i = 0; i < w->node_count && i < 4; i++)
		if (locks(w, w->model->nodes[w->nodes[i]].pc - 1, i ? 0 : 1))
			return true;
	return false;
}

bool is_raced_for(struct work *w, const struct leak *leak, struct walk *walk)
{
	(void)w;
	return leak->thread_count > 1 && !is_locked(walk);
}

/* The one place at which ways end with a release; 0: none or several. */
static uint64_t only_release(const struct walk *walk)
{
	uint64_t at = 0;

	for (uint32_t i = 1; i < walk->step_count; i++) {
		if (walk->steps[i].outcome != OUTCOME_FREED)
			continue;
		if (at && at != walk->steps[i].end)
			return 0;
		at = walk->steps[i].end;
	}
	return at;
}

static bool is_made_inside_library(const struct work *w, const struct leak *leak, uint32_t first)
{
	unsigned between = 0;

	for (uint32_t node = leak->node; node && node != first; node = w->model->nodes[node].parent)
		between += !w->model->nodes[node].scope && w->model->modules[w->model->nodes[node].module].kind == MODULE_PLAIN;
	return between > 0;
}

static struct explanation *say(struct work *w, struct leak *leak, enum cause cause, uint64_t place, const char *why)
{
	struct explanation *e = pool_take(&w->model->pool, sizeof(*e));

	e->confidence = CONFIDENCE_GUESS;
	e->missing = missing_at(w, place);
	leak->cause = cause;
	because_add(w, e, why);
	evidence_advice(w, leak, e);
	leak->explanation = e;
	return e;
}

bool contradiction_explain(struct work *w, struct leak *leak, struct walk *walk, const struct siblings *siblings)
{
	uint64_t released = only_release(walk), last;
	uint32_t nodes[NODES_MAX];

	if (!released || walk->is_cut || walk->met_unknown || leak->class != CLASS_DEFINITE)
		return false;
	if (is_made_inside_library(w, leak, walk->nodes[0]) && !leak->resource) {
		struct explanation *e = say(w, leak, CAUSE_OWNER_FREED, released, "a library made it below what it returned, and only "
									    "that was released");

		e->confidence = CONFIDENCE_LIKELY;
		return true;
	}
	if (!walk->is_shared && !(siblings->count && siblings->releases[0].foreign))
		return false;
	last = released;
	if (siblings->count && explain_nodes(w, siblings->releases[0].node, nodes, NODES_MAX))
		last = w->model->nodes[nodes[0]].pc - 1;
	if (locks(walk, last, 0))
		return false;
	say(w, leak, CAUSE_RACE, last, "each way through the code releases it, and several threads had it at once");
	return true;
}

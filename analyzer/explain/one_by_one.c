/* SPDX-License-Identifier: MIT */
/* A function that lets go one thing at a time can not have forgotten another one of the kind: who called it for one of them, and
 * not for what that led to, did. That it is meant to do so shows in its being called by others for siblings: what is called at one
 * place alone may have lost a loop. */
#include "explain_private.h"

#define NODES_MAX 4u

/* Has it neither a loop nor a call of itself? */
static bool is_straight(struct work *w, const struct function *f)
{
	struct insn i;

	for (uint64_t at = f->start; at < f->end; at = i.next) {
		if (decode(w->code, at, &i)) {
			i.next = at + 1;
			continue;
		}
		if ((i.op == OP_CALL || i.op == OP_JUMP || i.op == OP_BRANCH) && i.to.kind == OPERAND_IMM &&
		    (uint64_t)i.to.value >= f->start && (uint64_t)i.to.value <= at)
			return false;
	}
	return true;
}

static bool is_in_one(struct work *w, uint64_t a, uint64_t b)
{
	const struct function *f = code_function(w->code, a - 1), *g = code_function(w->code, b - 1);

	return f && g && f->start == g->start;
}

uint32_t owner_one_by_one(struct work *w, uint32_t node, const struct siblings *siblings)
{
	const struct model *m = w->model;
	uint32_t here[NODES_MAX], there[NODES_MAX];
	const struct function *f;

	if (explain_nodes(w, node, here, NODES_MAX) < 2)
		return 0;
	f = code_function(w->code, m->nodes[here[0]].pc - 1);
	if (!f || code_place(w->code, m->nodes[here[0]].pc - 1)->count > 1 || !is_straight(w, f))
		return 0;
	for (unsigned i = 0; i < siblings->count; i++)
		if (explain_nodes(w, siblings->releases[i].node, there, NODES_MAX) > 1 && m->nodes[there[0]].pc == m->nodes[here[0]].pc &&
		    !is_in_one(w, m->nodes[there[1]].pc, m->nodes[here[1]].pc))
			return here[1];
	return 0;
}

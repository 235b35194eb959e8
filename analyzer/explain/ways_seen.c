/* SPDX-License-Identifier: MIT */
/* Of a way that loses a block: does it agree with what a second look saw the thread do meanwhile? */
#include "ways_private.h"

#define STACK_MOST 256u

/* Frames of a stack, outermost first. Returns how many. */
static unsigned frames_of(const struct model *m, uint32_t node, uint32_t *frames)
{
	unsigned count = 0;

	for (unsigned steps = 0; node && m->nodes[node].parent && steps < 4 * STACK_MOST; node = m->nodes[node].parent, steps++)
		if (!m->nodes[node].scope && count < STACK_MOST)
			frames[count++] = node;
	for (unsigned i = 0; i < count / 2; i++) {
		uint32_t other = frames[i];

		frames[i] = frames[count - 1 - i];
		frames[count - 1 - i] = other;
	}
	return count;
}

bool stacks_part(struct work *w, uint32_t earlier, uint32_t later, uint32_t *in_earlier, uint32_t *in_later)
{
	const struct model *m = w->model;
	uint32_t a[STACK_MOST], b[STACK_MOST];
	unsigned a_count = frames_of(m, earlier, a), b_count = frames_of(m, later, b), k = 0;
	const struct function *f, *g;

	while (k < a_count && k < b_count && m->nodes[a[k]].pc == m->nodes[b[k]].pc)
		k++;
	if (k >= a_count || k >= b_count)
		return false;
	f = code_function(w->code, m->nodes[a[k]].pc - 1);
	g = code_function(w->code, m->nodes[b[k]].pc - 1);
	if (!f || !g || f->start != g->start)
		return false;
	*in_earlier = a[k];
	*in_later = b[k];
	return true;
}

void ways_note_seen(struct judging *j, const struct leak *leak, const struct watched *seen)
{
	uint32_t made, held, frames[STACK_MOST];
	const struct model *m = j->w->model;
	unsigned count, at;

	if (!seen || !seen->held || j->walk->after_call || j->walk->held_at ||
	    !stacks_part(j->w, leak->node, seen->held, &made, &held))
		return;
	count = frames_of(m, seen->held, frames);
	for (at = 0; frames[at] != held; at++)
		;
	for (; at < count && j->seen_count < SEEN_MOST; at++)
		j->seen[j->seen_count++] = m->nodes[frames[at]].pc - 1;
}

/* The latest step on the way to a loss that an instruction belongs to; 0. */
static uint32_t step_of(const struct walk *w, uint32_t lost, uint64_t call)
{
	struct insn i;

	for (uint32_t at = lost; at; at = w->steps[at].parent)
		if (w->steps[at].start <= call && call < w->steps[at].end + 16 && !decode(w->code, w->steps[at].end, &i) &&
		    call < i.next)
			return at;
	return 0;
}

unsigned ways_agree(const struct judging *j, uint32_t lost)
{
	unsigned count = 0;

	while (count < j->seen_count && step_of(j->walk, lost, j->seen[count]))
		count++;
	return count;
}

uint32_t ways_parting_seen(const struct judging *j, uint32_t lost, uint32_t parts)
{
	const struct walk *w = j->walk;
	uint32_t seen = j->seen_count ? step_of(w, lost, j->seen[0]) : 0, next = 0;

	for (uint32_t at = lost; seen && at; at = w->steps[at].parent) {
		if (at == parts)
			return parts;
		if (at == seen)
			return !w->steps[seen].can_free ? seen : next ? next : parts;
		if (is_frame(&w->steps[at], &w->steps[seen]))
			next = at;
	}
	return parts;
}

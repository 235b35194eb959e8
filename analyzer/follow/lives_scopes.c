/* SPDX-License-Identifier: MIT */
/* Functions that were inlined are functions to a reader: see lives_private.h. */
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "lives_private.h"
#include "pool.h"

#define MIXED 16u /* instructions of a function that others may be mixed with: compilers move them about */

#define ROUND 3u /* instructions of a loop around one, at least, from one round to the next */

/* An entry of a function that was inlined, in one of the function around it. */
struct scope {
	uint64_t name;
	uint32_t entry, last; /* its number, and the log index at which it was seen last */
};

/* An entry of a function that was called. */
struct called {
	struct scope scopes[LIVES_SCOPES];
	unsigned count;
	uint32_t last, back; /* log index of its last instruction, and of where it went back to last: a loop's next round */
	unsigned back_to;    /* how many functions that was in */
};

struct known_scopes {
	uint64_t pc;
	uint64_t names[LIVES_SCOPES];
	unsigned count;
	UT_hash_handle hh;
};

struct scoping {
	struct lives *l;
	lives_scopes *scopes;
	void *context;
	struct pool pool;
	struct known_scopes *known;
	struct called *called;	/* [number of an entry as it was called] */
	uint64_t *names;	/* [number of an entry] */
	uint32_t *around;
	uint32_t count, room;
};

static const struct known_scopes *scopes_of(struct scoping *s, uint64_t pc)
{
	struct known_scopes *k;

	HASH_FIND(hh, s->known, &pc, sizeof(pc), k);
	if (k)
		return k;
	k = pool_take(&s->pool, sizeof(*k));
	k->pc = pc;
	k->count = s->scopes(s->context, pc, k->names);
	HASH_ADD(hh, s->known, pc, sizeof(k->pc), k);
	return k;
}

static uint32_t entry_new(struct scoping *s, uint64_t name, uint32_t around)
{
	if (s->count == s->room) {
		s->room = s->room ? s->room * 2 : 1024;
		s->names = pool_regrow(s->names, s->room, sizeof(*s->names));
		s->around = pool_regrow(s->around, s->room, sizeof(*s->around));
	}
	s->names[s->count] = name;
	s->around[s->count] = around;
	return s->count++;
}

/* The entry that an instruction of a called function belongs to. */
static uint32_t entry_at(struct scoping *s, uint32_t old, uint32_t at)
{
	const struct known_scopes *k = scopes_of(s, s->l->log[at]);
	struct called *c = &s->called[old];
	uint32_t caller = s->l->callers[old];

	s->l->is_placed[at] = k->count > 0;
	if (k->count && c->last && s->l->log[at] < s->l->log[c->last]) {
		c->back = at;
		c->back_to = k->count;
	}
	c->last = at;
	if (!k->count && c->count) {
		c->scopes[c->count - 1].last = at;
		return c->scopes[c->count - 1].entry;
	}
	if (!k->count) {
		c->scopes[0] = (struct scope){ 0, entry_new(s, s->l->log[at], caller ? s->l->entries[caller] : 0), at };
		c->count = 1;
		return c->scopes[0].entry;
	}
	for (unsigned d = 0; d < k->count; d++) {
		struct scope *scope = &c->scopes[d];
		bool is_again = c->back_to <= d && c->back > scope->last && scope->last + ROUND <= at;
		bool is_known = d < c->count && (!d || (scope->name == k->names[d] && scope->last + MIXED >= at && !is_again));

		if (!is_known) {
			scope->name = k->names[d];
			scope->entry = entry_new(s, k->names[d], d ? c->scopes[d - 1].entry : caller ? s->l->entries[caller] : 0);
			c->count = d + 1;
		}
		scope->last = at;
	}
	return c->scopes[k->count - 1].entry;
}

/* A function that was inlined got it if the one around it had used it before. */
static void lend(struct scoping *s, struct life *life)
{
	unsigned char *had = calloc(s->count + 1u, 1);
	uint32_t next = 0;

	free(life->lent);
	life->lent = NULL;
	life->lent_count = life->lent_room = 0;
	for (uint32_t at = life->begin; had && at <= life->end_at; at++) {
		uint32_t entry = s->l->entries[at];

		while (next < life->use_count && life->uses[next] < at)
			next++;
		if (next == life->use_count || life->uses[next] != at)
			continue;
		if (!had[entry])
			had[entry] = s->around[entry] && had[s->around[entry]] ? 2 : 1;
	}
	for (uint32_t e = 0; had && e < s->count; e++)
		if (had[e] == 2)
			lives_note_lent(life, e);
	free(had);
}

static void chain_of(struct scoping *s, struct life *life)
{
	life->chain_count = 0;
	for (uint32_t e = s->l->entries[life->end_at]; e && life->end == END_FREED && life->chain_count < CHAIN_MOST; e = s->around[e])
		life->chain[life->chain_count++] = e;
}

static void last_own_use(const struct lives *l, struct life *life)
{
	life->own_use = life->begin;
	for (uint32_t i = 0; i < life->use_count; i++)
		if (!lives_is_lent(life, l->entries[life->uses[i]]))
			life->own_use = life->uses[i];
}

void lives_find_scopes(struct lives *l, lives_scopes *scopes, void *context)
{
	struct scoping s = { .l = l, .scopes = scopes, .context = context };

	s.called = calloc(l->last_entry + 1u, sizeof(*s.called));
	if (!s.called)
		return;
	entry_new(&s, 0, 0);
	l->bodies = malloc(l->log_count * sizeof(*l->bodies));
	l->is_placed = calloc(l->log_count, 1);
	if (!l->bodies || !l->is_placed) {
		free(s.called);
		return;
	}
	memcpy(l->bodies, l->entries, l->log_count * sizeof(*l->bodies));
	l->body_count = l->last_entry + 1;
	for (uint32_t at = 1; at < l->log_count; at++)
		l->entries[at] = entry_at(&s, l->entries[at], at);
	l->body_of = pool_regrow(NULL, s.count, sizeof(*l->body_of));
	memset(l->body_of, 0, s.count * sizeof(*l->body_of));
	for (uint32_t at = 1; at < l->log_count; at++)
		l->body_of[l->entries[at]] = l->bodies[at];
	free(l->starts);
	l->called_from = l->callers;
	l->starts = s.names;
	l->callers = s.around;
	l->last_entry = s.count - 1;
	for (unsigned i = 0; i < l->count; i++) {
		lend(&s, &l->lives[i]);
		chain_of(&s, &l->lives[i]);
		last_own_use(l, &l->lives[i]);
	}
	free(s.called);
	HASH_CLEAR(hh, s.known);
	pool_drop(&s.pool);
}

/* SPDX-License-Identifier: MIT */
/* Where the ways of lost blocks part from those of released ones: see lives.h. */
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "lives_private.h"
#include "pool.h"

/* That one instruction of a function was followed by another one of it. */
struct seen_edge {
	uint64_t edge;
	UT_hash_handle hh;
};

struct ways {
	struct pool pool;
	struct seen_edge *nodes; /* 1 and each instruction, 2 and the first one of each function */
	struct seen_edge *borrowers; /* 0 and the first instruction of functions that got one, and never released any */
	struct seen_edge *whole, *last; /* what released ones came by, and what they came by around their release */
};

static uint64_t edge_of(uint64_t from, uint64_t to)
{
	return from * 0x9e3779b97f4a7c15ull ^ to;
}

static void way_add(struct ways *ways, struct seen_edge **to, uint64_t edge)
{
	struct seen_edge *found;

	HASH_FIND(hh, *to, &edge, sizeof(edge), found);
	if (found)
		return;
	found = pool_take(&ways->pool, sizeof(*found));
	found->edge = edge;
	HASH_ADD(hh, *to, edge, sizeof(found->edge), found);
}

static bool came_by(struct seen_edge *ways, uint64_t edge)
{
	struct seen_edge *found = NULL;

	HASH_FIND(hh, ways, &edge, sizeof(edge), found);
	return found != NULL;
}

#define GIVEN 2
#define HEALTHY_LEAST 2u /* ways that tell what others have in common */

/* Marks entries of functions that used a block, and notes of each function what was looked at last. */
struct users {
	unsigned char *uses; /* [number of an entry]: GIVEN if it got it from the one that made it */
	uint32_t *last;	     /* [number of an entry by a call]: log index; 0: none */
	uint32_t *last_use;  /* the same, in functions that used it: others may be inlined there */
	uint32_t before;     /* what preceded the latest in its function */
};

static bool is_around(const struct lives *l, uint32_t entry, uint32_t inner)
{
	for (unsigned k = 0; inner && inner != entry && k < DEPTH_MOST; k++)
		inner = l->callers[inner];
	return inner == entry;
}

static bool is_given(const struct lives *l, const struct life *life, uint32_t entry)
{
	uint32_t outer = l->callers[entry];
	unsigned k = 0;

	if (!outer || !(l->starts[entry] & 1) || l->body_of[entry] == l->body_of[outer])
		return outer && l->starts[entry] & 1;
	while (k < life->given_count && life->given[k] != l->body_of[entry])
		k++;
	return k < life->given_count;
}

/* Functions that got it from the one that made it, up to the one in which it ended. */
static void users_add_given(const struct lives *l, const struct life *life, struct users *u)
{
	uint32_t entry = l->entries[life->begin + 1 < l->log_count ? life->begin + 1 : life->begin];

	for (unsigned k = 0; entry && !life->was_shared && k < DEPTH_MOST; entry = l->callers[entry], k++) {
		u->uses[entry] = GIVEN;
		if (is_around(l, entry, l->entries[life->end_at]) || !is_given(l, life, entry))
			break;
	}
}

/* Of a function that used it and gives a pointer: who called it gets that, most likely. */
static void users_add_outer(const struct lives *l, const struct life *life, struct users *u, uint32_t entry)
{
	for (unsigned k = 0; k < DEPTH_MOST && is_given(l, life, entry) && !u->uses[l->callers[entry]]; k++) {
		entry = l->callers[entry];
		u->uses[entry] = 1;
	}
}

static int users_of(const struct lives *l, const struct life *life, struct users *u)
{
	u->uses = calloc(l->last_entry + 1u, 1);
	u->last = calloc(l->body_count + 1u, sizeof(*u->last));
	u->last_use = calloc(l->body_count + 1u, sizeof(*u->last_use));
	if (!u->uses || !u->last || !u->last_use)
		return -1;
	for (uint32_t i = 0; i < life->use_count; i++)
		u->uses[l->entries[life->uses[i]]] = 1;
	users_add_given(l, life, u);
	for (uint32_t i = 0; i < life->between_count; i++)
		u->uses[l->entries[life->between[i]]] = 1;
	for (uint32_t i = 0; i < life->use_count && life->counted_at; i++)
		users_add_outer(l, life, u, l->entries[life->uses[i]]);
	return 0;
}

static void users_drop(struct users *u)
{
	free(u->uses);
	free(u->last);
	free(u->last_use);
}

/* Of an instruction: what preceded it in its function, if that used the block; what was inlined and did not is passed as what
 * is called. 0: nothing. */
static uint32_t before_it(const struct lives *l, struct users *u, uint32_t at)
{
	uint32_t body = l->bodies[at], before = u->last[body], user = u->last_use[body];

	u->last[body] = at;
	u->before = before;
	if (u->uses[l->entries[at]])
		u->last_use[body] = at;
	return before && (u->uses[l->entries[before]] || u->uses[l->entries[at]]) ? user : 0;
}

/* Is another one made where it was made, after it ended? What comes then is not its way. */
static bool is_next_round(const struct lives *l, const struct life *life, uint32_t at, uint32_t after)
{
	return at > after && at > life->begin + 1 && l->log[at] == l->log[life->begin + 1] && l->bodies[at] == l->bodies[life->begin + 1];
}

/* What functions that used it came by soon after they did, and how they went on after its release. */
static void ways_add(const struct lives *l, const struct life *life, struct ways *ways)
{
	uint32_t next = 0, since = 0, end = life->end_at + WINDOW;
	struct users u;
	bool is_sound = !users_of(l, life, &u);

	for (uint32_t at = life->begin; is_sound && at <= end && at < l->log_count && !is_next_round(l, life, at, life->end_at); at++) {
		bool is_use = next < life->use_count && life->uses[next] == at;
		uint32_t before = before_it(l, &u, at);

		next += is_use;
		since = is_use ? 0 : since;
		if (u.uses[l->entries[at]])
			way_add(ways, &ways->nodes, edge_of(2, l->starts[l->entries[at]]));
		if (!before)
			continue;
		way_add(ways, &ways->nodes, edge_of(1, l->log[at]));
		if (since++ <= WINDOW)
			way_add(ways, &ways->whole, edge_of(l->log[before], l->log[at]));
		if (at + WINDOW >= life->end_at)
			way_add(ways, &ways->last, edge_of(l->log[before], l->log[at]));
	}
	users_drop(&u);
}

static bool is_in_chain(const struct life *life, uint32_t entry)
{
	for (unsigned i = 0; i < life->chain_count; i++)
		if (life->chain[i] == entry)
			return true;
	return false;
}

/* Functions that only borrow: what they do with it decides nothing. */
static void borrowers_add(const struct lives *l, const struct life *life, struct ways *ways)
{
	for (uint32_t i = 0; i < life->lent_count; i++)
		if (!is_in_chain(life, life->lent[i]))
			way_add(ways, &ways->borrowers, edge_of(0, l->starts[life->lent[i]]));
}

static void borrowers_take(const struct lives *l, const struct life *life, struct ways *ways)
{
	for (uint32_t i = 0; i < life->chain_count; i++) {
		uint64_t edge = edge_of(0, l->starts[life->chain[i]]);
		struct seen_edge *found;

		HASH_FIND(hh, ways->borrowers, &edge, sizeof(edge), found);
		if (found)
			HASH_DEL(ways->borrowers, found);
	}
}

/* Did they begin alike? Then they were made by the same call, on behalf of others perhaps. */
static bool is_sibling(const struct lives *l, const struct life *a, const struct life *b)
{
	for (unsigned k = 1; k <= ALIKE; k++)
		if (a->begin + k >= l->log_count || b->begin + k >= l->log_count || l->log[a->begin + k] != l->log[b->begin + k])
			return false;
	return true;
}

/* Of the same site; where none of that was released, of those that the same call made. Returns how many. */
static unsigned ways_of(const struct lives *l, const struct life *of, struct ways *ways)
{
	bool has_own = lives_count(l, of->site, END_FREED) > 0;
	unsigned count = 0;

	*ways = (struct ways){ .whole = NULL };
	for (unsigned i = 0; i < l->count; i++) {
		const struct life *life = &l->lives[i];

		if (life->end != END_FREED || (has_own && life->site != of->site) || (!has_own && !is_sibling(l, life, of)))
			continue;
		ways_add(l, life, ways);
		borrowers_add(l, life, ways);
		count++;
	}
	for (unsigned i = 0; i < l->count; i++)
		if (l->lives[i].end == END_FREED)
			borrowers_take(l, &l->lives[i], ways);
	return count;
}

/* Where in the log two ways part: between `from` and `at`. */
struct parting {
	uint32_t from, at;
	unsigned flags;
};

#define BEYOND 60u /* instructions: a register is used again as soon as nobody needs what it holds */

static bool is_inlined(const struct lives *l, uint32_t entry)
{
	return l->callers[entry] && l->body_of[entry] == l->body_of[l->callers[entry]];
}

/* Is an instruction of a function that no released one was in, or of a copy of it that was inlined elsewhere? */
static bool is_strange(const struct lives *l, const struct ways *all, uint32_t at)
{
	uint32_t entry = l->entries[at];

	return !came_by(all->nodes, edge_of(2, l->starts[entry])) || (is_inlined(l, entry) && !came_by(all->nodes, edge_of(1, l->log[at])));
}

/* Was it inlined into one that got the block from elsewhere? */
static bool is_given_inlined(const struct lives *l, const struct users *u, uint32_t entry)
{
	return is_inlined(l, entry) && u->uses[entry] != GIVEN && u->uses[l->callers[entry]] == GIVEN;
}

/* Is a strange function that was inlined left here? */
static bool is_left(const struct lives *l, const struct users *u, uint32_t strange, uint32_t at)
{
	return strange && is_inlined(l, strange) && u->before && l->entries[u->before] == strange && l->bodies[at] == l->body_of[strange] &&
	       l->entries[at] != strange && !is_around(l, strange, l->entries[at]);
}

/* Does a step belong to the caller of a strange function, or to that caller itself? */
static bool is_in_caller(const struct lives *l, uint32_t strange, bool is_outside, uint32_t before, uint32_t at)
{
	uint32_t caller = is_outside ? strange : l->callers[strange];

	return l->entries[before] == caller || l->entries[at] == caller;
}

/* Goes along the way of a lost one through functions that used it, after its last use or before. Where they part in a function
 * that got it from its caller, and that no released one was in, the caller tells more if they part there as well. */
static bool part(const struct lives *l, const struct life *life, const struct ways *all, struct seen_edge *ways, bool is_after,
		 struct parting *p)
{
	uint32_t steps = 0, strange = 0;
	bool is_found = false, is_outside = false;
	struct users u;
	bool is_sound = !users_of(l, life, &u) && ways;

	for (uint32_t at = life->begin; is_sound && at <= life->end_at + BEYOND && at < l->log_count && steps < WINDOW &&
	     !is_next_round(l, life, at, life->use);
	     at++) {
		uint32_t before = before_it(l, &u, at), entry = before ? l->entries[before] : 0;
		bool is_borrowed = before && (lives_is_lent(life, entry) || is_given_inlined(l, &u, entry));

		if (is_left(l, &u, strange, at)) {
			*p = (struct parting){ u.before, at, p->flags | TRACE_PARTED_PASSED };
			strange = l->callers[strange];
			is_outside = true;
		}
		if (!before || (is_after ? at <= life->use : at > life->use || is_borrowed))
			continue;
		steps += is_after;
			if (came_by(ways, edge_of(l->log[before], l->log[at])) ||
		    (is_borrowed && came_by(all->borrowers, edge_of(0, l->starts[entry]))) ||
		    (strange && !is_in_caller(l, strange, is_outside, before, at)))
			continue;
		if (is_after || !is_found || before < p->from || l->entries[at] != l->entries[p->at] || at > p->at + NEAR)
			*p = (struct parting){ u.before, at, (p->flags & ~TRACE_PARTED_PASSED) | (u.before == before ? 0 : TRACE_PARTED_PASSED) };
		is_found = true;
		if (is_after && (strange || !is_borrowed || !is_strange(l, all, before)))
			break;
		strange = is_after ? entry : 0;
	}
	users_drop(&u);
	return is_found;
}

static unsigned ups_at(const struct lives *l, const struct life *life, uint64_t pc)
{
	unsigned count = 0;

	for (unsigned i = 0; i < life->up_count; i++)
		count += l->log[life->ups[i]] == pc;
	return count;
}

/* Did a released one of the site count up as often at a place? */
static bool is_usual(const struct lives *l, const struct life *of, uint64_t pc)
{
	for (unsigned i = 0; i < l->count; i++)
		if (l->lives[i].site == of->site && l->lives[i].end == END_FREED && ups_at(l, &l->lives[i], pc) >= ups_at(l, of, pc))
			return true;
	return false;
}

#define COUNTED_MOST 16u /* instructions from a count of references to the branch on it */

/* A count of references remained: a way that released ones did not take before, or a retain that they did not see. */
static bool find_raise(const struct lives *l, const struct life *life, struct ways *ways, struct parting *p)
{
	p->flags = TRACE_PARTED_COUNTED;
	if (part(l, life, ways, ways->whole, false, p)) {
		p->flags |= TRACE_PARTED_EARLIER;
		return true;
	}
	for (unsigned i = life->up_count; i-- > 0;)
		if (!is_usual(l, life, l->log[life->ups[i]])) {
			*p = (struct parting){ life->ups[i], life->ups[i], TRACE_PARTED_COUNTED | TRACE_PARTED_RAISED };
			return true;
		}
	return false;
}

static void find_parting(const struct lives *l, const struct life *life, struct ways *ways, struct parting *p)
{
	bool is_counted = life->counted_at && life->counted_at + COUNTED_MOST >= life->use;

	*p = (struct parting){ 0, 0, 0 };
	if (is_counted && find_raise(l, life, ways, p))
		return;
	if (part(l, life, ways, ways->whole, true, p))
		return;
	if (part(l, life, ways, ways->whole, false, p))
		p->flags |= TRACE_PARTED_EARLIER;
	else if (part(l, life, ways, ways->last, true, p))
		p->flags |= TRACE_PARTED_LAST;
}

/* The last instruction of the function that let it be lost: what it got from a call is lost there, though others ran meanwhile. */
static uint32_t lost_at(const struct lives *l, const struct life *life)
{
	uint32_t body = l->bodies[life->use], end = l->bodies[life->end_at], from;

	if (lives_is_lent(life, l->entries[life->end_at]))
		return life->own_use;
	for (unsigned k = 0; body && body != end && k < DEPTH_MOST; k++) {
		from = l->called_from[body];
		body = l->bodies[from];
		if (body == end && from > life->begin)
			return from;
	}
	return life->end_at;
}

/* The instruction before one of a function that used it without having borrowed it. */
static uint32_t of_user(const struct lives *l, const struct life *life, uint32_t at)
{
	struct users u;
	bool is_sound = !users_of(l, life, &u);
	uint32_t from = at;

	while (is_sound && from > life->begin && from + WINDOW > at && (!u.uses[l->entries[from]] || lives_is_lent(life, l->entries[from])))
		from--;
	from = is_sound && u.uses[l->entries[from]] && !lives_is_lent(life, l->entries[from]) ? from : at;
	users_drop(&u);
	return from;
}

static bool is_user(const struct lives *l, const struct life *life, uint32_t entry)
{
	for (uint32_t i = life->use_count; i-- > 0;)
		if (l->entries[life->uses[i]] == entry)
			return true;
	return false;
}

/* Did what held it come to hold a block that was made before it was used last? Then that one was to take its place. */
static bool is_replaced(const struct life *life)
{
	return life->replaced_at >= life->use && life->replaced_at >= life->killed_at && life->replaced_by > life->begin && life->replaced_by < life->use && life->end == END_LOST;
}

/* Was another one made of the same site before it was used last, and remained? Then that one was made of it, most likely. */
static bool is_succeeded(const struct lives *l, const struct life *life)
{
	for (unsigned i = 0; i < l->count; i++) {
		const struct life *other = &l->lives[i];

		if (other->site == life->site && other->begin > life->begin && other->begin < life->use && other->end_at > life->end_at)
			return !life->was_shared && life->end == END_LOST;
	}
	return false;
}

#define WEAK (TRACE_PARTED_EARLIER | TRACE_PARTED_LAST)

/* What became of the last that led to it. A function's variable that others write later was left, not overwritten. */
static void tell_ending(const struct lives *l, struct life *life, struct parting *p, struct trace_parted *to)
{
	bool is_written = life->killed_at >= life->use && (life->was_written_again || life->killed_flags & TRACE_PARTED_OVERWRITTEN);
	bool is_chance = to->healthy < HEALTHY_LEAST && is_written && !(p->flags & TRACE_PARTED_COUNTED); /* one way is no rule */
	bool is_left = life->was_variable && (p->at || life->killed_flags & TRACE_PARTED_CLEARED) && !is_chance && !is_user(l, life, l->entries[life->killed_at]) &&
		       l->bodies[life->killed_at] == l->bodies[life->own_use];

	if (!(p->flags & TRACE_PARTED_COUNTED) && !(life->killed_flags & TRACE_PARTED_OWNER) && is_replaced(life)) {
		*p = (struct parting){ 0, 0, 0 };
		life->killed_flags = TRACE_PARTED_OVERWRITTEN;
		life->killed_at = life->replaced_at;
	} else if (!(p->flags & TRACE_PARTED_COUNTED) && (!p->at || p->flags & WEAK) && is_succeeded(l, life)) {
		*p = (struct parting){ 0, 0, 0 };
		life->killed_flags = TRACE_PARTED_OVERWRITTEN;
		life->killed_at = life->end_at;
	} else if (is_chance) {
		*p = (struct parting){ 0, 0, 0 };
	} else if (is_left) {
		life->killed_flags = 0;
		life->was_written_again = false;
	}
	to->flags |= p->flags;
}

/* The same instruction or one before it, of which it is known which function it belongs to. */
static uint32_t placed(const struct lives *l, const struct life *life, uint32_t at)
{
	while (at > life->use && !l->is_placed[at])
		at--;
	return at;
}

/* Its last use was in a function that got it from one that was about to let its owner go. Returns what called that function, in
 * the log; 0. */
static uint32_t handled_by(const struct lives *l, const struct life *life)
{
	uint32_t entry = l->entries[life->use], body = l->bodies[life->use];

	while (entry && !lives_is_lent(life, entry) && l->callers[entry] && l->body_of[l->callers[entry]] == body)
		entry = l->callers[entry];
	if (!(life->killed_flags & TRACE_PARTED_OWNER) || life->killed_at < life->use || !body || !lives_is_lent(life, entry) ||
	    body == l->bodies[life->killed_at] || !is_around(l, l->entries[life->killed_at], entry))
		return 0;
	return l->called_from[body];
}

static void tell(struct lives *l, struct life *life, struct trace_parted *to)
{
	struct ways ways;
	struct parting p;
	unsigned healthy = ways_of(l, life, &ways);
	uint32_t lost;

	*to = (struct trace_parted){ .site = life->site, .flags = life->flags, .used = l->log[life->use], .lost = l->log[life->end_at],
				     .owner = life->killed_flags & TRACE_PARTED_OWNER ? life->owner : 0, .beside = life->beside,
				     .healthy = healthy, .followed = healthy + lives_count(l, life->site, END_LOST) +
								     lives_count(l, life->site, END_THREAD) };
	find_parting(l, life, &ways, &p);
	tell_ending(l, life, &p, to);
	if (!p.at)
		to->flags |= life->was_written_again && life->killed_at >= life->use ? TRACE_PARTED_OVERWRITTEN : 0;
	lost = lost_at(l, life);
	to->lost = l->log[placed(l, life, p.at || life->was_shared ? lost : of_user(l, life, lost))];
	while (p.from > life->begin && !l->is_placed[p.from])
		p.from--;
	if (p.at && (!l->is_placed[p.at] || came_by(ways.nodes, edge_of(1, l->log[p.at]))) && l->bodies[p.at] == l->bodies[p.from])
		to->flags |= TRACE_PARTED_JOINED;
	to->parted = p.at ? l->log[p.at] : 0;
	to->common = p.at ? l->log[p.from] : 0;
	if (life->killed_flags & TRACE_PARTED_OWNER ||
	    (life->killed_at >= life->use &&
	     (!p.at || (!life->was_variable && l->entries[life->killed_at] == l->entries[p.at] && life->killed_at <= p.at + WINDOW))))
		to->flags |= life->killed_flags;
	if (to->flags & (TRACE_PARTED_OVERWRITTEN | TRACE_PARTED_CLEARED))
		to->lost = l->log[placed(l, life, life->killed_flags ? life->killed_at : of_user(l, life, life->killed_at))];
	if (!p.at && to->flags & TRACE_PARTED_OVERWRITTEN)
		to->common = l->log[of_user(l, life, life->killed_at)];
	if (!p.at && !(to->flags & TRACE_PARTED_OVERWRITTEN) && handled_by(l, life)) {
		to->flags |= TRACE_PARTED_HANDLED;
		to->common = l->log[handled_by(l, life)];
	}
	if (!life->was_shared)
		to->flags |= TRACE_PARTED_LOCAL;
	if (life->jumped_at && life->jumped_at >= life->use)
		to->flags |= TRACE_PARTED_JUMPED;
	if (life->resized_at && life->resized_at >= life->begin) {
		to->flags |= TRACE_PARTED_RESIZED;
		to->lost = l->log[life->resized_at];
	}
	for (uint32_t back = life->jumped_at; to->flags & TRACE_PARTED_JUMPED && back > life->begin; back--)
		if (l->entries[back] == l->entries[life->own_use]) {
			to->lost = l->log[back];
			break;
		}
	HASH_CLEAR(hh, ways.whole);
	HASH_CLEAR(hh, ways.last);
	HASH_CLEAR(hh, ways.nodes);
	HASH_CLEAR(hh, ways.borrowers);
	pool_drop(&ways.pool);
}

unsigned lives_tell(struct lives *l, lives_scopes *scopes, void *context, struct trace_parted *to)
{
	unsigned count = 0;

	lives_find_scopes(l, scopes, context);
	for (unsigned i = 0; i < l->count && count < TRACE_PARTED_MOST; i++)
		if (l->lives[i].end == END_LOST || l->lives[i].end == END_THREAD)
			tell(l, &l->lives[i], &to[count++]);
	return count;
}

bool lives_found(const struct lives *l)
{
	for (unsigned i = 0; i < l->count; i++)
		if (l->lives[i].end == END_LOST || l->lives[i].end == END_THREAD)
			return true;
	return false;
}

/* SPDX-License-Identifier: MIT */
/* Symbols, and what a state knows of memory: see flow.h. */
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "flow.h"

#define SYMBOLS_MAX 200000u
#define INDEXED (-(1ll << 40)) /* what lies at an index that is not known: its symbol and the rest of the distance */
#define INDEX_SCALE 65536

struct symbol {
	struct symbol_key key;
	uint32_t number;
	UT_hash_handle hh;
};

struct flow {
	struct pool pool;
	struct symbol *by_key;
	struct symbol_key *keys;
	uint32_t count, room;
};

struct flow *flow_open(void)
{
	struct flow *f = pool_regrow(NULL, 1, sizeof(*f));

	memset(f, 0, sizeof(*f));
	flow_symbol(f, SYMBOL_NUMBER, 0, 0);
	flow_symbol(f, SYMBOL_BLOCK, 0, 0);
	return f;
}

void flow_close(struct flow *f)
{
	HASH_CLEAR(hh, f->by_key);
	free(f->keys);
	pool_drop(&f->pool);
	free(f);
}

uint32_t flow_symbol(struct flow *f, enum symbol_kind kind, uint64_t a, int64_t b)
{
	struct symbol_key key = { kind, a, b };
	struct symbol *s;

	HASH_FIND(hh, f->by_key, &key, sizeof(key), s);
	if (s)
		return s->number;
	if (f->count >= SYMBOLS_MAX) /* whoever gets that far is cut soon */
		return SYMBOLS_MAX - 1;
	if (f->count == f->room) {
		f->room = f->room ? f->room * 2 : 256;
		f->keys = pool_regrow(f->keys, f->room, sizeof(*f->keys));
	}
	s = pool_take(&f->pool, sizeof(*s));
	s->key = key;
	s->number = f->count;
	f->keys[f->count++] = key;
	HASH_ADD(hh, f->by_key, key, sizeof(s->key), s);
	return s->number;
}

const struct symbol_key *flow_key(const struct flow *f, uint32_t symbol)
{
	return &f->keys[symbol < f->count ? symbol : 0];
}

/* Cells that share a byte with [at, at + width). */
static bool overlaps(const struct cell *c, struct value at, unsigned width)
{
	return c->at.symbol == at.symbol && c->at.offset < at.offset + (int64_t)width &&
	       at.offset < c->at.offset + c->width;
}

struct value state_load(struct flow *f, struct state *s, struct value at, unsigned width)
{
	for (unsigned i = 0; i < s->cell_count; i++) {
		struct cell *c = &s->cells[i];

		if (!overlaps(c, at, width))
			continue;
		if (c->at.offset == at.offset && c->width == width)
			return c->value;
		if (c->at.offset == at.offset && c->width > width && !c->value.symbol) /* a part of a constant */
			return value_number(c->value.offset & (int64_t)(width < 8 ? (1ull << width * 8) - 1 : ~0ull));
		return (struct value){ flow_symbol(f, SYMBOL_RESULT, s->pc, 40 + (int64_t)width), 0 };
	}
	return (struct value){ flow_symbol(f, SYMBOL_LOADED, at.symbol, at.offset * 16 + width), 0 };
}

static bool is_precious(const struct cell *c)
{
	return c->value.symbol == FLOW_BLOCK || c->at.symbol == FLOW_BLOCK;
}

static void cell_drop(struct state *s, unsigned i)
{
	s->is_touched = true;
	s->cells[i] = s->cells[--s->cell_count];
}

static bool make_room(struct state *s)
{
	if (s->cell_count < STATE_CELLS)
		return true;
	for (unsigned i = 0; i < s->cell_count; i++)
		if (!is_precious(&s->cells[i])) {
			/* the oldest goes: order matters to nobody else */
			memmove(&s->cells[i], &s->cells[i + 1], (s->cell_count - i - 1u) * sizeof(s->cells[0]));
			s->cell_count--;
			return true;
		}
	return false;
}

void state_store(struct flow *f, struct state *s, struct value at, unsigned width, struct value v)
{
	for (unsigned i = s->cell_count; i-- > 0;) {
		struct cell *c = &s->cells[i];

		if (!overlaps(c, at, width))
			continue;
		if (at.symbol == FLOW_BLOCK && !c->value.symbol && !v.symbol && v.offset > c->value.offset &&
		    v.offset <= c->value.offset + 2)
			s->raised = (uint8_t)(s->raised + v.offset - c->value.offset);
		if (at.symbol && flow_key(f, at.symbol)->kind != SYMBOL_STACK && !c->value.symbol && !v.symbol && c->value.offset > 0 &&
		    v.offset == c->value.offset + 1)
			s->has_counted = true;
		cell_drop(s, i);
	}
	for (unsigned i = 0; i < s->cell_count; i++) /* it holds what holds it, and not just itself: a string that lies in it does */
		if ((at.symbol == FLOW_BLOCK && v.symbol && v.symbol != FLOW_BLOCK && s->cells[i].at.symbol == v.symbol &&
		     s->cells[i].value.symbol == FLOW_BLOCK) ||
		    (v.symbol == FLOW_BLOCK && at.symbol && at.symbol != FLOW_BLOCK && s->cells[i].at.symbol == FLOW_BLOCK &&
		     s->cells[i].value.symbol == at.symbol))
			s->cycle = s->pc;
	if (width > 8 || !width || !make_room(s))
		return;
	if (v.symbol == FLOW_BLOCK && at.symbol != FLOW_BLOCK && flow_key(f, at.symbol)->kind != SYMBOL_STACK) {
		s->kept_at = s->pc;
		s->kept_in = at;
	}
	s->cells[s->cell_count++] = (struct cell){ .at = at, .value = v, .width = (uint8_t)width };
}

void state_forget(struct state *s, uint32_t symbol, int64_t from, int64_t to)
{
	for (unsigned i = s->cell_count; i-- > 0;) {
		struct cell *c = &s->cells[i];

		if (c->at.symbol == symbol && c->at.offset >= from && c->at.offset < to && !is_precious(c))
			cell_drop(s, i);
	}
}

struct value state_address(struct flow *f, const struct state *s, const struct insn *i, const struct operand *o)
{
	struct value at = { 0, o->value }, index = { 0, 0 };

	if (o->is_thread && o->base == REG_NONE)
		return (struct value){ flow_symbol(f, SYMBOL_THREAD, 0, 0), o->value };
	if (o->base < 16) {
		at = s->reg[o->base];
		at.offset += o->value;
	}
	if (o->index < 16)
		index = s->reg[o->index];
	if (o->is_thread) { /* fs:[reg]: the distance to the thread's base */
		if (at.symbol || o->index < 16)
			return (struct value){ flow_symbol(f, SYMBOL_RESULT, i->address, 41), 0 };
		at.symbol = flow_symbol(f, SYMBOL_THREAD, 0, 0);
		return at;
	}
	if (o->index >= 16)
		return at;
	if (!index.symbol)
		at.offset += index.offset * o->scale;
	else if (!at.symbol && o->scale == 1 && o->base < 16)
		at = (struct value){ index.symbol, index.offset + at.offset };
	else
		at = (struct value){ flow_symbol(f, SYMBOL_LOADED, at.symbol,
						 INDEXED + (int64_t)index.symbol * INDEX_SCALE + at.offset % (INDEX_SCALE / 2)), 0 };
	return at;
}

static bool is_gone(const struct state *s, uint32_t symbol)
{
	for (unsigned i = 0; i < s->gone_count; i++)
		if (s->gone[i] == symbol)
			return true;
	return false;
}

/* Is memory behind a symbol there whatever else is lost? Not what is only reachable through others: blocks made on the way, and the
 * followed one. */
static bool is_root(const struct flow *f, const struct state *s, uint32_t symbol)
{
	for (unsigned k = 0; k < 8; k++) {
		const struct symbol_key *key = flow_key(f, symbol);

		if (key->kind == SYMBOL_BLOCK || key->kind == SYMBOL_MADE || is_gone(s, symbol))
			return false;
		if (key->kind != SYMBOL_LOADED) /* what was found behind something is there as long as that is */
			return true;
		symbol = (uint32_t)key->a;
	}
	return true;
}

#define LEADERS_MAX 64u

/* The block, and symbols behind which something leads to it. */
struct leaders {
	uint32_t symbols[LEADERS_MAX];
	unsigned count;
};

static bool is_leader(const struct leaders *l, uint32_t symbol)
{
	for (unsigned i = 0; i < l->count; i++)
		if (l->symbols[i] == symbol)
			return true;
	return false;
}

static void leader_add(struct leaders *l, const struct state *s, uint32_t symbol)
{
	if (symbol && l->count < LEADERS_MAX && !is_gone(s, symbol) && !is_leader(l, symbol))
		l->symbols[l->count++] = symbol;
}

/* A place leads there: so does what it lies in, maybe at an index that is not known, and behind what that was found. */
static void leaders_of_place(struct leaders *l, const struct flow *f, const struct state *s, uint32_t place)
{
	leader_add(l, s, place);
	for (unsigned k = 0; k < 8; k++) {
		const struct symbol_key *key = flow_key(f, place);

		if (key->kind != SYMBOL_LOADED || !key->a || is_gone(s, place))
			return;
		place = (uint32_t)key->a;
		leader_add(l, s, place);
	}
}

/* From the block backwards: few places hold it, and many hold something. */
static void leaders_find(struct leaders *l, const struct flow *f, const struct state *s)
{
	l->symbols[0] = FLOW_BLOCK;
	l->count = 1;
	for (unsigned k = 0; k < l->count; k++)
		for (unsigned i = 0; i < s->cell_count; i++)
			if (s->cells[i].value.symbol == l->symbols[k])
				leaders_of_place(l, f, s, s->cells[i].at.symbol);
}

bool state_holds_block(const struct flow *f, const struct state *s)
{
	struct leaders l;

	leaders_find(&l, f, s);
	for (unsigned i = 0; i < 16; i++)
		if (is_leader(&l, s->reg[i].symbol) || is_leader(&l, s->vector[i][0].symbol) || is_leader(&l, s->vector[i][1].symbol))
			return true;
	for (unsigned i = 0; i < s->cell_count; i++)
		if (is_leader(&l, s->cells[i].value.symbol) && is_root(f, s, s->cells[i].at.symbol))
			return true;
	return false;
}

bool state_leads_to_block(const struct flow *f, const struct state *s, struct value v)
{
	struct leaders l;

	if (v.symbol == FLOW_BLOCK)
		return true;
	leaders_find(&l, f, s);
	if (flow_key(f, v.symbol)->kind != SYMBOL_STACK)
		return is_leader(&l, v.symbol);
	for (unsigned i = 0; i < s->cell_count; i++) /* a local variable, and what lies behind its beginning */
		if (s->cells[i].at.symbol == v.symbol && s->cells[i].at.offset >= v.offset &&
		    s->cells[i].at.offset < v.offset + 96 && is_leader(&l, s->cells[i].value.symbol) &&
		    flow_key(f, s->cells[i].value.symbol)->kind != SYMBOL_STACK)
			return true;
	return false;
}

/* The symbol of an index, if that is how a place was reached; 0. */
static uint32_t index_of(const struct flow *f, uint32_t place)
{
	const struct symbol_key *key = flow_key(f, place);

	return key->kind == SYMBOL_LOADED && key->b < 0 ? (uint32_t)((key->b - INDEXED + INDEX_SCALE / 2) / INDEX_SCALE) : 0;
}

/* The index becomes another thing: what was put down there stays at the older one. */
static void reindex(struct flow *f, struct value *at, uint32_t from, uint32_t to)
{
	const struct symbol_key key = *flow_key(f, at->symbol);

	if (index_of(f, at->symbol) == from)
		at->symbol = flow_symbol(f, SYMBOL_LOADED, key.a, key.b + ((int64_t)to - from) * INDEX_SCALE);
}

static bool is_mentioned(const struct flow *f, const struct state *s, uint32_t symbol)
{
	for (unsigned i = 0; i < 16; i++)
		if (s->reg[i].symbol == symbol || s->vector[i][0].symbol == symbol || s->vector[i][1].symbol == symbol)
			return true;
	for (unsigned i = 0; i < s->cell_count; i++)
		if (s->cells[i].at.symbol == symbol || s->cells[i].value.symbol == symbol || index_of(f, s->cells[i].at.symbol) == symbol)
			return true;
	for (unsigned i = 0; i < s->gone_count; i++)
		if (s->gone[i] == symbol)
			return true;
	return false;
}

static void rename(struct value *v, uint32_t from, uint32_t to)
{
	if (v->symbol == from)
		v->symbol = to;
}

void state_renew(struct flow *f, struct state *s, uint32_t symbol)
{
	uint32_t older;

	for (unsigned i = s->fact_count; i-- > 0;)
		if (s->facts[i].left.symbol == symbol || s->facts[i].right.symbol == symbol)
			s->facts[i] = s->facts[--s->fact_count];
	if (!is_mentioned(f, s, symbol))
		return;
	older = flow_symbol(f, SYMBOL_JOINED, symbol, -1);
	if (flow_key(f, symbol)->kind == SYMBOL_MADE)
		older = flow_symbol(f, SYMBOL_MADE, flow_key(f, symbol)->a, 1);
	for (unsigned i = 0; i < 16; i++) {
		rename(&s->reg[i], symbol, older);
		rename(&s->vector[i][0], symbol, older);
		rename(&s->vector[i][1], symbol, older);
	}
	for (unsigned i = 0; i < s->cell_count; i++) {
		reindex(f, &s->cells[i].at, symbol, older);
		rename(&s->cells[i].at, symbol, older);
		rename(&s->cells[i].value, symbol, older);
	}
	for (unsigned i = 0; i < s->gone_count; i++)
		if (s->gone[i] == symbol)
			s->gone[i] = older;
	rename(&s->left, symbol, older);
	rename(&s->right, symbol, older);
}

static uint64_t mix(uint64_t h, uint64_t v)
{
	h = (h ^ v) * 0x9e3779b97f4a7c15ull;
	return h ^ h >> 29;
}

static uint64_t value_mix(uint64_t h, struct value v)
{
	return mix(mix(h, v.symbol), (uint64_t)v.offset);
}

uint64_t state_hash(const struct state *s)
{
	uint64_t h = mix(0, s->pc), sum = 0;

	for (unsigned i = 0; i < 16; i++)
		h = value_mix(h, s->reg[i]);
	for (unsigned i = 0; i < 16; i++)
		h = value_mix(value_mix(h, s->vector[i][0]), s->vector[i][1]);
	for (unsigned i = 0; i < s->cell_count; i++) /* in any order */
		sum += mix(value_mix(value_mix(1, s->cells[i].at), s->cells[i].value), s->cells[i].width);
	h = mix(h, sum);
	sum = 0;
	for (unsigned i = 0; i < s->fact_count; i++)
		sum += mix(value_mix(value_mix(1, s->facts[i].left), s->facts[i].right), s->facts[i].condition);
	h = mix(h, sum);
	for (unsigned i = 0; i < s->entered_count; i++)
		h = mix(h, s->entered[i].return_address);
	for (unsigned i = 0; i < s->gone_count; i++)
		h = mix(h, s->gone[i]);
	h = mix(h, s->frame * 8u + s->is_strange + s->is_improbable * 2u + s->was_resized * 4u);
	return h;
}

static bool value_join(struct flow *f, struct value *into, struct value other, uint64_t pc, int64_t place)
{
	struct value joined = { 0, 0 };

	if (value_is(*into, other))
		return false;
	joined.symbol = flow_symbol(f, SYMBOL_JOINED, pc, place);
	if (value_is(*into, joined))
		return false;
	*into = joined;
	return true;
}

static const struct cell *same_cell(const struct state *s, const struct cell *c)
{
	for (unsigned i = 0; i < s->cell_count; i++)
		if (value_is(s->cells[i].at, c->at) && s->cells[i].width == c->width)
			return &s->cells[i];
	return NULL;
}

bool state_join(struct flow *f, struct state *into, const struct state *other)
{
	bool changed = false;

	for (unsigned i = 0; i < 16; i++)
		changed |= value_join(f, &into->reg[i], other->reg[i], into->pc, i);
	for (unsigned i = 0; i < 16; i++)
		for (unsigned k = 0; k < 2; k++)
			changed |= value_join(f, &into->vector[i][k], other->vector[i][k], into->pc, 16 + i * 2 + k);
	for (unsigned i = into->cell_count; i-- > 0;) {
		struct cell *c = &into->cells[i];
		const struct cell *same = same_cell(other, c);

		if (!same) {
			cell_drop(into, i);
			changed = true;
			continue;
		}
		changed |= value_join(f, &c->value, same->value, into->pc, 64 + c->at.offset * 64 + c->at.symbol % 64);
	}
	changed |= into->compare_width != 0;
	into->compare_width = 0;
	into->fact_count = 0;
	return changed;
}

void state_enter(struct flow *f, struct state *s, uint64_t address, uint32_t frame)
{
	memset(s, 0, sizeof(*s));
	s->pc = address;
	s->frame = frame;
	for (unsigned i = 0; i < 16; i++)
		s->reg[i].symbol = flow_symbol(f, SYMBOL_ENTRY, frame, i);
	for (unsigned i = 0; i < 16; i++)
		for (unsigned k = 0; k < 2; k++)
			s->vector[i][k].symbol = flow_symbol(f, SYMBOL_ENTRY, frame, 16 + i * 2 + k);
	s->reg[REG_RSP] = (struct value){ flow_symbol(f, SYMBOL_STACK, frame, 0), 0 };
}

/* SPDX-License-Identifier: MIT */
/* Sites in focus. Laws in focus.h. */
#include "focus.h"

#include <string.h>
#include <time.h>

#include "area.h"
#include "focus_pace.h"
#include "holders.h"
#include "index.h"
#include "live.h"
#include "path.h"
#include "settings.h"
#include "stepped.h"
#include "rules.h"

#define ENTRIES 128u
#define HELD_MOST 12u /* blocks of a site that are followed at once */
#define LOST_MOST 8u /* kept of a site */
#define TRIES_MOST 3u
#define ASKED_MOST 8u
#define FOUND_MOST 8u /* in one that is let go */
#define SEARCHED_MOST 4096u /* bytes of a block that is let go */

struct followed {
	uintptr_t hidden; /* ~address of the block, 0: the entry is free */
	uint64_t size;
	struct thread *thread; /* that made it */
	uintptr_t at;          /* the word that holds it */
	uintptr_t hidden_owner; /* ~address of the block that this word lies in, 0: in none */
	uintptr_t outer_pc, outer_sp; /* of the frame outside the one that the word lies in */
	uint32_t element;      /* FOCUS index */
	uint32_t site;
	uint32_t age;
	uint32_t is_doubtful; /* lost, but for what may be a register: looked at again */
	uintptr_t container;  /* the word of a container that leads to that block, whose elements it holds; 0: it is not known */
	enum container_kind kind;
	uint32_t tries; /* to find it */
	int is_object; /* made by operator new: held by objects and containers rather than by variables */
	uint32_t asked; /* what lasts, while a variable held it */
};

/* A fork wipes this. */
struct focus_part {
	struct followed *entries;
	uintptr_t *words; /* of a block that is let go */
	struct focus_pace pace;
	uintptr_t low, high; /* of all blocks of sites in focus */
	uint32_t lock, first, age;
	uint32_t used; /* entries, free ones between them */
	uint32_t matched; /* stacks asked for by the settings that were met */
};
#define focus_state STATE_PART(focus)
STATE_PART_FITS(focus);

AREA_ELEMENT(element, trace_focus, FOCUS)

/* What happens just now. */
struct event {
	struct thread *t;
	const struct live_caller *from;
	const uintptr_t *frame; /* ours: it leads to the frames of ours outside it, each with saved registers below */
	uintptr_t gone, gone_end; /* a block that is let go */
	uint32_t gone_site, node;
	const uintptr_t *word; /* of it */
	uint32_t words;
	int moves; /* to another place, with what it holds */
	int has_frames;
	int is_end; /* of the thread */
};

static int open_table(void)
{
	if (focus_state.entries)
		return 1;
	if (state.ending || !(focus_state.first = area_take(TRACE_AREA_FOCUS, ENTRIES)))
		return 0;
	stepped_open();
	pace_start(&focus_state.pace);
	focus_state.words = area_private(SEARCHED_MOST, 1);
	if (focus_state.words)
		focus_state.entries = area_private(ENTRIES * sizeof *focus_state.entries, 1);
	return focus_state.entries != 0;
}

static struct trace_focus *told(const struct followed *f)
{
	return element(f->element);
}

static int is_in_focus(uint32_t site)
{
	return (__atomic_load_n(&state_site(site)->owner, __ATOMIC_RELAXED) & TRACE_SITE_FOCUS) != 0;
}

static void let_go(struct followed *f)
{
	__atomic_store_n(&told(f)->site, 0, __ATOMIC_RELEASE);
	f->hidden = 0;
}

static uint32_t node_of(struct event *e)
{
	if (!e->node && e->from)
		e->node = stack_capture(&e->t->stack, e->from->pc, e->from->sp, e->from->rbp);
	return e->node;
}

/* The same, and its frames lie in the thread's cache. */
static uint32_t frames_of(struct event *e)
{
	if (!e->has_frames && e->from) {
		e->node = stack_walk(&e->t->stack, e->from->pc, e->from->sp, e->from->rbp);
		e->has_frames = 1;
	}
	return e->node;
}

/* The frame of the walked stack in which a word lies; -1: none. */
static int frame_of(const struct stack_cache *c, uintptr_t at)
{
	for (uint32_t i = c->depth; i-- > 1;)
		if (at >= c->frame[i].sp && at < c->frame[i - 1].sp)
			return (int)i;
	return -1;
}

static int has_frame(const struct stack_cache *c, uintptr_t pc, uintptr_t sp)
{
	for (uint32_t i = c->depth; i-- > 0;)
		if (c->frame[i].pc == pc && c->frame[i].sp == sp)
			return 1;
	return 0;
}

/* What part of the block that holds it does a container use? Returns 0: it is not known. */
static int used_part(const struct followed *f, uintptr_t *low, uintptr_t *high, uintptr_t *end)
{
	uintptr_t owner = ~f->hidden_owner, words[CONTAINER_WORDS];
	uint32_t slot = f->container && f->hidden_owner ? live_find(owner) : 0, size = containers_words(f->kind) * 8;

	if (!slot || holders_read(words, f->container - 8, size) != size)
		return 0;
	*end = owner + trace_block_size(state_block(slot));
	return !containers_used(words, f->kind, owner, *end - owner, low, high);
}

static int is_given_up(const struct followed *f)
{
	uintptr_t low, high, end;

	return used_part(f, &low, &high, &end) && (f->at < low || f->at >= high);
}

/* Does what held it last hold it still? */
static int is_held_there(struct event *e, const struct followed *f)
{
	const struct trace_focus *to = told(f);

	if (!f->at || f->is_doubtful || (f->hidden_owner && ~f->hidden_owner == e->gone && e->gone))
		return 0;
	if (to->holder == TRACE_HOLDER_STACK) {
		if (e->is_end || !frames_of(e) || f->at < e->from->sp)
			return 0;
		if (f->outer_pc && !has_frame(&e->t->stack, f->outer_pc, f->outer_sp))
			return 0;
	}
	if (is_given_up(f))
		return 0;
	if (to->holder == TRACE_HOLDER_STACK || f->hidden_owner) /* of our own stack, or of a living block */
		return *(const volatile uintptr_t *)f->at - ~f->hidden < f->size;
	return holders_still(f->at, f->hidden, f->size) > 0;
}

#define FRAMES 6u
#define PUSHED 5u /* rbx, r12 to r15, just below the saved rbp */

/* The program's registers that functions keep: our frames have saved them, those that they needed. */
static uint32_t registers_of(const struct event *e, uintptr_t saved[FRAMES * PUSHED])
{
	uintptr_t at = (uintptr_t)e->frame;
	uint32_t count = 0;

	for (uint32_t i = 0; i < FRAMES && at + 16 <= e->from->sp && at >= (uintptr_t)e->frame; i++) {
		for (uint32_t k = 1; k <= PUSHED; k++)
			saved[count++] = ~((const uintptr_t *)at)[-(long)k];
		at = *(const uintptr_t *)at;
	}
	return count;
}

/* Looks in all memory. room: for a container. Returns 0, or -1: nobody looked. */
static int ask(struct event *e, const struct followed *f, uintptr_t hidden, uint64_t size, uint64_t room, struct holders_answer *a)
{
	const struct step_walk *walk = &e->t->stack.walk;
	struct holders_question q = {.hidden = hidden, .size = size, .except = e->moves ? 0 : e->gone,
				     .except_end = e->moves ? 0 : e->gone_end, .dead = walk->low, .dead_end = walk->high, .room = room};
	uintptr_t saved[FRAMES * PUSHED], low, high, end;
	uint64_t began;
	int r;

	if (!room && used_part(f, &low, &high, &end)) {
		q.unused[0] = ~f->hidden_owner;
		q.unused_end[0] = low;
		q.unused[1] = high;
		q.unused_end[1] = end;
	}
	if (!pace_may_search(&focus_state.pace)) {
		state.header->focus_left_out++;
		return -1;
	}
	if (!e->is_end) {
		if (e->from->sp >= walk->low && e->from->sp < walk->high) {
			q.stack = e->from->sp;
			q.stack_end = walk->high;
			q.dead = e->from->sp - 65536; /* what is below was left already */
		} else { /* another one than its own, which ends nobody knows where: read as any other memory */
			q.dead = q.dead_end = 0;
		}
		q.saved = saved;
		q.saved_count = room ? 0 : registers_of(e, saved);
	}
	q.is_slow = pace_is_slow(&focus_state.pace) || f->is_doubtful || !f->is_object;
	began = state_clock_ns(CLOCK_MONOTONIC);
	r = holders_find(&q, a);
	pace_searched(&focus_state.pace, state_clock_ns(CLOCK_MONOTONIC) - began);
	return r;
}

static int search(struct event *e, const struct followed *f, struct holders_answer *a)
{
	return ask(e, f, f->hidden, f->size, 0, a);
}

/* Does the block that holds it hold the elements of a container? */
static void find_container(struct event *e, struct followed *f, const struct trace_block *owner)
{
	struct holders_answer a;

	f->tries++;
	if (trace_block_family(owner) != TRACE_FAMILY_NEW || !pace_has_time_to_spare(&focus_state.pace) || ~f->hidden_owner == e->gone ||
	    ask(e, f, f->hidden_owner, 1, trace_block_size(owner), &a) || !a.container)
		return;
	f->container = a.at;
	f->kind = a.container;
}

static void note_holder(struct event *e, struct followed *f, const struct holders_answer *a)
{
	struct trace_focus *to = told(f);
	int frame;

	to->holder = a->what;
	to->holder_at = a->what == TRACE_HOLDER_GLOBAL || a->what == TRACE_HOLDER_MAPPING ? a->at : 0;
	to->holder_site = to->holder_frame = 0;
	f->at = a->at;
	f->hidden_owner = f->outer_pc = f->outer_sp = f->container = f->tries = 0;
	if (a->what == TRACE_HOLDER_BLOCK) {
		const struct trace_block *b = state_block(a->slot);

		f->hidden_owner = ~trace_block_address(b);
		to->holder_at = a->at - trace_block_address(b);
		to->holder_site = b->site;
		find_container(e, f, b);
	} else if (a->what == TRACE_HOLDER_STACK && frames_of(e)) {
		frame = frame_of(&e->t->stack, a->at);
		if (frame > 0) {
			to->holder_frame = e->t->stack.frame[frame].node;
			f->outer_pc = e->t->stack.frame[frame - 1].pc;
			f->outer_sp = e->t->stack.frame[frame - 1].sp;
		}
	}
}

/* Does what is let go just now lead to it? */
static int is_held_by_gone(const struct event *e, const struct followed *f, uintptr_t *at)
{
	for (uint32_t i = 0; i < e->words && !e->moves; i++)
		if (e->word[i] - ~f->hidden < f->size) {
			*at = e->gone + i * 8ul;
			return 1;
		}
	return 0;
}

/* The site of the block that a word leads to now which led to this one before; 0: none. */
static uint32_t instead_of(struct event *e, const struct followed *f)
{
	uintptr_t word;
	uint32_t slot;

	if (!f->at || f->is_doubtful || e->is_end || (f->hidden_owner && ~f->hidden_owner == e->gone) ||
	    (told(f)->holder == TRACE_HOLDER_STACK &&
	     (f->at < e->from->sp || !frames_of(e) || (f->outer_pc && !has_frame(&e->t->stack, f->outer_pc, f->outer_sp)))) ||
	    holders_read(&word, f->at, sizeof word) != sizeof word || !word || word & 7)
		return 0;
	slot = live_find(word);
	return slot && trace_block_address(state_block(slot)) == word ? state_block(slot)->site : 0;
}

static void lose(struct event *e, struct followed *f)
{
	struct trace_focus *to = told(f);
	uintptr_t at;
	int is_freed = is_held_by_gone(e, f, &at), is_container = !is_freed && is_given_up(f);

	to->instead = is_freed || is_container ? 0 : instead_of(e, f);
	if (is_freed)
		note_holder(e, f, &(struct holders_answer){TRACE_HOLDER_BLOCK, at, live_find(e->gone), CONTAINER_NONE});

	to->lost = node_of(e);
	to->loss = e->is_end ? TRACE_LOSS_THREAD_ENDED : is_freed ? TRACE_LOSS_FREED : is_container ? TRACE_LOSS_GIVEN_UP : TRACE_LOSS_CHANGED;
	__atomic_store_n(&to->status, TRACE_FOCUS_LOST, __ATOMIC_RELEASE);
}

/* What held it at first is often a variable only; that it was put where it lasts is no event. */
static void seek_lasting(struct event *e, struct followed *f)
{
	struct holders_answer a;

	if (f->at && f->is_object && (told(f)->holder == TRACE_HOLDER_STACK || told(f)->holder == TRACE_HOLDER_REGISTER) && !pace_is_slow(&focus_state.pace) && pace_has_time_to_spare(&focus_state.pace) &&
	    f->asked++ < ASKED_MOST && !search(e, f, &a) && (a.what == TRACE_HOLDER_BLOCK || a.what == TRACE_HOLDER_GLOBAL))
		note_holder(e, f, &a);
}

static void look_at(struct event *e, struct followed *f)
{
	struct holders_answer a;

	if (!is_held_there(e, f)) {
		uintptr_t at;

		if (search(e, f, &a)) {
			f->is_doubtful = is_held_by_gone(e, f, &at);
			if (f->is_doubtful) /* what held it goes: lost, unless something else is found when there is time again */
				lose(e, f);
			else
				f->at = 0;
			return;
		}
		if (f->is_doubtful && a.what == TRACE_HOLDER_REGISTER)
			return;
		f->is_doubtful = a.what == TRACE_HOLDER_REGISTER && is_held_by_gone(e, f, &at);
		if (told(f)->status == TRACE_FOCUS_LOST && !a.what)
			return;
		if (!a.what || f->is_doubtful) {
			lose(e, f);
			return;
		}
		told(f)->status = TRACE_FOCUS_HELD;
		told(f)->lost = told(f)->loss = told(f)->instead = 0;
		note_holder(e, f, &a);
	}
	told(f)->held = node_of(e);
	seek_lasting(e, f);
	if (f->hidden_owner && !f->container && f->tries < TRIES_MOST) /* it may have been about to grow */
		find_container(e, f, state_block(live_find(~f->hidden_owner)));
}

/* Enough was seen of a site. With the last one, all threads take the usual way again. */
static void leave(uint32_t site)
{
	uint32_t used = (uint32_t)state.header->areas[TRACE_AREA_SITE].used;

	__atomic_fetch_and(&state_site(site)->owner, ~TRACE_SITE_FOCUS, __ATOMIC_RELAXED);
	for (uint32_t i = 1; i < used; i++)
		if (is_in_focus(i))
			return;
	if (focus_state.matched < settings.focus_count)
		return;
	state.header->focus = 0;
	thread_focus.on = 0;
}

/* An entry for another block of a site: a free one, else the oldest one of the site's. 0: it has enough. */
static struct followed *entry_for(uint32_t site)
{
	struct followed *unused = 0, *oldest = 0;
	uint32_t held = 0, lost = 0;

	for (uint32_t i = 0; i < ENTRIES; i++) {
		struct followed *f = &focus_state.entries[i];

		if (!f->hidden) {
			unused = unused ? unused : f;
			continue;
		}
		if (f->site != site)
			continue;
		if (told(f)->status == TRACE_FOCUS_LOST) {
			lost++;
			continue;
		}
		held++;
		if (!oldest || f->age < oldest->age)
			oldest = f;
	}
	if (lost >= LOST_MOST) {
		leave(site);
		return 0;
	}
	if (held >= HELD_MOST || !unused) {
		if (oldest)
			let_go(oldest);
		return oldest;
	}
	if (unused >= focus_state.entries + focus_state.used)
		focus_state.used = (uint32_t)(unused - focus_state.entries) + 1;
	return unused;
}

static struct followed *follow(struct thread *t, uint32_t slot)
{
	const struct trace_block *b = state_block(slot);
	struct followed *f = entry_for(b->site);
	struct trace_focus *to;

	if (!f)
		return 0;
	*f = (struct followed){.hidden = ~trace_block_address(b), .size = trace_block_size(b) ? trace_block_size(b) : 1, .thread = t,
			       .element = focus_state.first + (uint32_t)(f - focus_state.entries), .site = b->site,
			       .age = ++focus_state.age, .is_object = trace_block_family(b) == TRACE_FAMILY_NEW || trace_block_family(b) == TRACE_FAMILY_NEW_ARRAY};
	to = told(f);
	memset(to, 0, sizeof *to);
	to->address = ~f->hidden;
	to->status = TRACE_FOCUS_HELD;
	to->thread = (uint32_t)(b->where >> TRACE_ADDRESS_BITS);
	__atomic_store_n(&to->site, b->site, __ATOMIC_RELEASE);
	return f;
}

static struct followed *entry_of(uintptr_t address)
{
	for (uint32_t i = 0; i < focus_state.used; i++)
		if (focus_state.entries[i].hidden == ~address)
			return &focus_state.entries[i];
	return 0;
}

/* Does a block that goes lead to more places where others of their kind were than to living ones? Then it is a container's that was
 * emptied, and what is left in it is nobody's. */
static int is_left_over(const struct event *e)
{
	uint32_t dead = 0, living = 0;

	for (uint32_t i = 0; i < e->words; i++) {
		uint32_t slot;

		if (e->word[i] < focus_state.low || e->word[i] >= focus_state.high || e->word[i] & 7)
			continue;
		slot = live_find(e->word[i]);
		if (slot && trace_block_address(state_block(slot)) == e->word[i])
			living++;
		else
			dead++;
	}
	return dead > living;
}

/* What a block that goes now leads to may be lost with it. */
static void search_gone(struct event *e)
{
	uint32_t found = is_left_over(e) ? FOUND_MOST : 0;

	for (uint32_t i = 0; i < e->words && found < FOUND_MOST; i++) {
		uintptr_t word = e->word[i], at = e->gone + i * 8ul;
		uint32_t slot;
		struct followed *f;

		if (word < focus_state.low || word >= focus_state.high || word & 7 || word == e->gone)
			continue;
		slot = live_find(word);
		if (!slot || trace_block_address(state_block(slot)) != word || !is_in_focus(state_block(slot)->site))
			continue;
		found++;
		f = entry_of(word);
		if (!f && (f = follow(e->t, slot))) {
			told(f)->stale = f->is_object ? 2 : 0;
			told(f)->held = node_of(e);
			note_holder(e, f, &(struct holders_answer){TRACE_HOLDER_BLOCK, at, live_find(e->gone), CONTAINER_NONE});
			look_at(e, f);
		}
	}
}

/* No part of a page can be taken away from a program: what is smaller is read as it lies. */
static void read_gone(struct event *e)
{
	uint64_t size = e->gone_end - e->gone;

	if (!focus_state.high)
		return;
	e->word = size < SEARCHED_MOST ? (const uintptr_t *)e->gone : focus_state.words;
	e->words = (size < SEARCHED_MOST ? (uint32_t)size : holders_read(focus_state.words, e->gone, SEARCHED_MOST)) / 8;
}

#define EVENTS_ALL 256u

/* What was held for long is looked at less often, in proportion. */
static int is_due(const struct followed *f)
{
	uint32_t events = ++told(f)->events;

	return events < EVENTS_ALL || events % (events / EVENTS_ALL) == 0;
}

/* Of a busy program only some events are looked at, but each at which a followed block or what holds it is let go. */
static int is_passed(uintptr_t gone)
{
	if (!pace_is_passed(&focus_state.pace))
		return 0;
	for (uint32_t i = 0; gone && i < focus_state.used; i++)
		if (focus_state.entries[i].hidden == ~gone || focus_state.entries[i].hidden_owner == ~gone)
			return 0;
	return 1;
}

static void each(struct event *e)
{
	for (uint32_t i = 0; i < focus_state.used; i++) {
		struct followed *f = &focus_state.entries[i];

		if (!f->hidden)
			continue;
		if (~f->hidden == e->gone && e->gone) {
			let_go(f);
			continue;
		}
		if (told(f)->status != TRACE_FOCUS_HELD && !f->is_doubtful)
			continue;
		if (f->hidden_owner && ~f->hidden_owner == e->gone && e->gone)
			look_at(e, f);
		else if (f->thread == e->t && is_due(f))
			look_at(e, f);
	}
}

static __attribute__((noinline)) void made(struct thread *t, uintptr_t address, const struct live_caller *from)
{
	__builtin_unwind_init();
	struct event e = {.t = t, .from = from, .frame = __builtin_frame_address(0)};
	uint32_t told_of = 0;

	state_lock(&focus_state.lock);
	if (!is_passed(0) && open_table()) {
		uint64_t begun = pace_begin_event(&focus_state.pace);
		uint32_t slot = live_find(address);

		each(&e);
		if (slot && is_in_focus(state_block(slot)->site)) {
			if (!focus_state.high || address < focus_state.low)
				focus_state.low = address;
			if (address >= focus_state.high)
				focus_state.high = address + 1;
			struct followed *f = follow(t, slot);
			struct holders_answer a;

			told_of = slot;

			if (f && f->is_object && !pace_is_slow(&focus_state.pace))
				told(f)->stale = search(&e, f, &a) ? 2 : a.what && a.what != TRACE_HOLDER_REGISTER;
		}
		pace_end_event(&focus_state.pace, begun);
	}
	state_unlock(&focus_state.lock);
	if (told_of)
		stepped_tell(address, trace_block_size(state_block(told_of)), state_block(told_of)->site, from);
}

static void look_at_gone(struct event *e)
{
	uint32_t slot = live_find(e->gone);

	if (!slot)
		return;
	e->gone_end = e->gone + trace_block_size(state_block(slot));
	e->gone_site = state_block(slot)->site;
	if (!e->moves)
		read_gone(e);
	each(e);
	if (!e->moves)
		search_gone(e);
}

static __attribute__((noinline)) void gone(struct thread *t, uintptr_t address, const struct live_caller *from, int moves)
{
	__builtin_unwind_init();
	struct event e = {.t = t, .from = from, .frame = __builtin_frame_address(0), .gone = address, .moves = moves};

	state_lock(&focus_state.lock);
	if (!is_passed(address) && open_table()) {
		uint64_t begun = pace_begin_event(&focus_state.pace);

		look_at_gone(&e);
		pace_end_event(&focus_state.pace, begun);
	}
	state_unlock(&focus_state.lock);
	if (!moves && e.gone_site && is_in_focus(e.gone_site))
		stepped_tell_gone(address);
}

static void ended(struct thread *t)
{
	struct event e = {.t = t, .is_end = 1};

	state_lock(&focus_state.lock);
	for (uint32_t i = 0; focus_state.entries && i < ENTRIES; i++) {
		struct followed *f = &focus_state.entries[i];

		if (f->hidden && f->thread == t && told(f)->status == TRACE_FOCUS_HELD) {
			look_at(&e, f);
			f->thread = 0;
		}
	}
	state_unlock(&focus_state.lock);
}

static const char *name_of(uint32_t module)
{
	uint32_t text = module ? state_module(module)->path : 0;
	const char *path = text ? (const char *)state.areas[TRACE_AREA_TEXT].chunk[text >> AREA_SHIFT_TEXT] +
					  (text & ((1u << AREA_SHIFT_TEXT) - 1)) : "";

	return path_file(path);
}

/* Is a stack one of those that were asked for? */
static int is_wanted(uint32_t node)
{
	uint64_t hash = 0;

	for (uint32_t i = node; i && state_node(i)->parent; i = state_node(i)->parent) {
		const struct trace_node *n = state_node(i);
		uint32_t module = (uint32_t)(n->where >> TRACE_PC_BITS);

		if (n->flags & TRACE_NODE_SCOPE)
			continue;
		hash = trace_focus_mix(hash, name_of(module),
				       module ? (n->where & ((1ull << TRACE_PC_BITS) - 1)) - state_module(module)->bias : 0);
	}
	for (uint32_t i = 0; i < settings.focus_count; i++)
		if (settings.focus[i] == hash) {
			focus_state.matched++;
			return 1;
		}
	return 0;
}

void focus_start(void)
{
	thread_focus.made = made;
	thread_focus.gone = gone;
	thread_focus.ended = ended;
	thread_focus.is_wanted = is_wanted;
	thread_focus.on = settings.focus_count > 0;
}

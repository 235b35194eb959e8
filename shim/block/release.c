/* SPDX-License-Identifier: MIT */
/* Where the blocks of a site are let go. Laws in release.h. */
#include "release.h"

#include "area.h"
#include "settings.h"
#include "state.h"
#include "rules.h"

/* A fork wipes this. */
struct release_part {
	uint32_t *newest; /* the newest element of the sites in each place of a hash table */
	uint32_t lock;
};
#define release_state STATE_PART(release)
STATE_PART_FITS(release);

#define HEADS 4096u
#define ELEMENTS_MOST (1u << 15)

struct release_upper release_upper;

static uint32_t is_watched(struct thread *t, struct thread_site *at, uint32_t before)
{
	uint32_t gap = before < RELEASE_FIRST ? 0 : before / 8;

	if (settings.watch_all || thread_focus.on) {
		at->gap = at->unwatched = 0;
		return 1;
	}
	if (t->watch_credit < RELEASE_CREDIT_MOST)
		t->watch_credit += (int32_t)at->gap;
	if (gap > RELEASE_GAP_MOST)
		gap = RELEASE_GAP_MOST;
	if (t->watch_credit <= 0 && gap < RELEASE_GAP_POOR)
		gap = RELEASE_GAP_POOR;
	at->gap = at->unwatched = gap;
	if (t->watch_credit <= 0)
		return 0;
	t->watch_credit -= (int32_t)RELEASE_GAP_POOR;
	return 1;
}

uint32_t release_watch(struct thread *t, struct thread_site *at, uint32_t before, uintptr_t address, uint32_t time)
{
	uint32_t watched = is_watched(t, at, before);

	if (!release_upper.made)
		return watched;
	release_upper.made(at->site, watched ? address : 0, time, before);
	if (!watched)
		at->gap = at->unwatched = release_wait(before + 1);
	return watched;
}

AREA_ELEMENT(element, trace_release, RELEASE)

static struct trace_release *make(uint32_t *head, uint32_t site, uint32_t node)
{
	if (state.header->areas[TRACE_AREA_RELEASE].used >= ELEMENTS_MOST || state.ending)
		return 0;
	uint32_t i = area_take(TRACE_AREA_RELEASE, 1);
	if (!i)
		return 0;
	struct trace_release *r = element(i);
	r->site = site;
	r->node = node;
	r->next = *head;
	*head = i;
	return r;
}

/* The element of a site and a stack; when the site has all it may have, the one for all other stacks. */
static struct trace_release *find(uint32_t site, uint32_t node)
{
	uint32_t *head = &release_state.newest[site % HEADS];
	struct trace_release *others = 0;
	uint32_t count = 0;

	for (uint32_t i = *head; i;) {
		struct trace_release *r = element(i);

		if (r->site == site) {
			if (r->node == node)
				return r;
			if (!r->node)
				others = r;
			count++;
		}
		i = r->next;
	}
	if (count < TRACE_RELEASES - 1)
		return make(head, site, node);
	return others ? others : make(head, site, 0);
}

static uint32_t age_class(uint64_t us)
{
	uint32_t i = 0;

	while (i < TRACE_AGES - 1 && us >= (uint64_t)TRACE_AGE_LEAST << i)
		i++;
	return i;
}

void release_note(uint32_t site, uint32_t node, uint64_t made_us, uint32_t foreign)
{
	uint64_t now = state_now(), age = now > made_us ? now - made_us : 0;

	if (!node)
		return;
	state_lock(&release_state.lock);
	if (!release_state.newest)
		release_state.newest = area_private(HEADS * sizeof *release_state.newest, 1);
	struct trace_release *r = release_state.newest ? find(site, node) : 0;
	if (r) {
		uint16_t *ages = &r->ages[age_class(age)];

		r->foreign += foreign;
		*ages += *ages != UINT16_MAX;
		if (age > r->max_us)
			r->max_us = age;
		__atomic_store_n(&r->count, r->count + 1, __ATOMIC_RELEASE);
	}
	state_unlock(&release_state.lock);
}

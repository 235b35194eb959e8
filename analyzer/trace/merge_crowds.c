/* SPDX-License-Identifier: MIT */
/* Living blocks of one process in the merged trace: see merge.h. */
#include <string.h>

#include "around.h"
#include "merge_private.h"
#include "weight.h"

/* Room for what is known of a crowd. */
static struct memberships *memberships_of(struct merge *g, uint32_t crowd)
{
	uint32_t room = g->membership_room;

	if (crowd >= room) {
		g->membership_room = crowd * 2 + 64;
		g->memberships = pool_regrow(g->memberships, g->membership_room, sizeof(*g->memberships));
		memset(&g->memberships[room], 0, (g->membership_room - room) * sizeof(*g->memberships));
	}
	return &g->memberships[crowd];
}

/* Processes come in the order of their numbers, so that words are only added behind. */
static void add_member(struct memberships *all, uint32_t process)
{
	uint32_t word = process / 64;

	if (!all->count)
		all->from = word;
	word -= all->from;
	if (word >= all->count) {
		all->words = pool_regrow(all->words, word + 1, sizeof(*all->words));
		memset(&all->words[all->count], 0, (word + 1 - all->count) * sizeof(*all->words));
		all->count = word + 1;
	}
	all->words[word] |= 1ull << process % 64;
}

/* The process itself, or those that a merged trace counts. */
static void add_members(struct merge *g, const struct model *m, uint32_t crowd, uint32_t block)
{
	struct memberships *all = memberships_of(g, crowd);
	const struct crowd *from = m->crowds ? &m->crowds[block] : NULL;

	if (!from)
		add_member(all, g->process);
	for (uint32_t i = 0; from && i < from->members_count * 64; i++)
		if (m->members[from->members + i / 64] >> i % 64 & 1)
			add_member(all, g->process + from->members_from * 64 + i - 1);
}

void merge_members_write(struct merge *g)
{
	struct write_area *crowds = &g->to.areas[TRACE_AREA_CROWD];

	for (uint32_t i = 1; i < crowds->count && i < g->membership_room; i++) {
		struct trace_crowd *t = write_at(&g->to, TRACE_AREA_CROWD, i);
		const struct memberships *all = &g->memberships[i];

		t->members_from = all->from;
		t->members_count = all->count;
		for (uint32_t k = 0; k < all->count; k++) {
			uint32_t at = write_add(&g->to, TRACE_AREA_MEMBERS, &(struct trace_members){ all->words[k] }, sizeof(struct trace_members));

			t->members = k ? t->members : at;
		}
	}
}

static uint8_t class_as(enum leak_class class)
{
	static const uint8_t as[CLASSES] = {
		[CLASS_REACHABLE] = TRACE_VERDICT_REACHABLE, [CLASS_POSSIBLE] = TRACE_VERDICT_POSSIBLE,
		[CLASS_DEFINITE] = TRACE_VERDICT_DEFINITE,   [CLASS_INDIRECT] = TRACE_VERDICT_INDIRECT,
		[CLASS_IGNORED] = TRACE_VERDICT_IGNORED,     [CLASS_IN_FLIGHT] = TRACE_CROWD_IN_FLIGHT,
	};

	return as[class];
}

uint64_t merge_address(struct merge *g, const struct model *m, uint32_t block, uint64_t address)
{
	const struct trace_crowd *crowd = block ? write_at(&g->to, TRACE_AREA_CROWD, g->block_of[block - 1] - 1) : NULL;

	if (crowd)
		return crowd->address + (address - m->blocks[block - 1].address);
	address = g->next_block;
	g->next_block += 16;
	return address;
}

#define NOWHERE (1ull << 47) /* above all addresses of resources */

/* Which crowd blocks of one site of the process are in: most of them are like the one before. */
struct like {
	uint32_t thread, owner, crowd; /* thread: of the model; the others of the merged trace */
	uint8_t family, class;
	uint32_t next; /* 1 + index, 0: no more */
};

static uint32_t make_crowd(struct merge *g, const struct model *m, const struct block *b, uint32_t owner, bool is_alone)
{
	struct trace_crowd t;
	uint32_t *number, alone = 0;

	memset(&t, 0, sizeof(t));
	t.site = merge_site(g, m, b->site);
	t.thread = merge_thread(g, m, b->thread);
	t.owner = owner;
	t.family = (uint8_t)(1 + b->family);
	t.class = class_as((enum leak_class)b->class);
	number = is_alone ? &alone : merge_number(g, &g->crowds, &t, sizeof(t));
	if (!*number) {
		t.address = is_alone ? g->next_block : NOWHERE;
		g->next_block += is_alone ? (b->size + 32) / 16 * 16 : 0;
		*number = write_add(&g->to, TRACE_AREA_CROWD, &t, sizeof(t));
	}
	return *number;
}

static uint32_t find_crowd(struct merge *g, const struct model *m, const struct block *b, uint32_t owner)
{
	uint32_t at = g->like_of[b->site];
	struct like *like = g->likes;

	while (at && (like[at - 1].thread != b->thread || like[at - 1].owner != owner || like[at - 1].family != b->family ||
		      like[at - 1].class != b->class))
		at = like[at - 1].next;
	if (at)
		return like[at - 1].crowd;
	if (g->like_count == g->like_room) {
		g->like_room = g->like_room * 2 + 64;
		g->likes = pool_regrow(g->likes, g->like_room, sizeof(*g->likes));
	}
	g->likes[g->like_count++] = (struct like){ b->thread, owner, make_crowd(g, m, b, owner, false), b->family, b->class,
						   g->like_of[b->site] };
	g->like_of[b->site] = g->like_count;
	return g->likes[g->like_count - 1].crowd;
}

static struct trace_crowd *crowd_of(struct merge *g, const struct model *m, uint32_t i, bool is_alone)
{
	const struct block *b = &m->blocks[i];
	uint32_t owner = b->owner && g->block_of[b->owner - 1] ? g->block_of[b->owner - 1] - 1 : 0;
	uint32_t crowd = is_alone ? make_crowd(g, m, b, owner, true) : find_crowd(g, m, b, owner);

	g->block_of[i] = 1 + crowd;
	return write_at(&g->to, TRACE_AREA_CROWD, crowd);
}

static void add_block(struct merge *g, const struct model *m, uint32_t i, bool is_alone)
{
	const struct block *b = &m->blocks[i];
	struct trace_crowd *t = crowd_of(g, m, i, is_alone);
	uint64_t newest = model_age(m, weight_newest(m, b)), oldest = model_age(m, b->time_us);

	if (!(t->count > 0) || newest < t->newest)
		t->newest = newest;
	if (oldest > t->oldest)
		t->oldest = oldest;
	t->count += weight_count(m, b);
	t->bytes += weight_bytes(m, b);
	t->confirmed += weight_confirmed(m, b);
	t->doubtful += weight_doubtful(m, b);
	t->is_estimate |= weight_is_estimate(m, b);
	add_members(g, m, g->block_of[i] - 1, i);
}

uint32_t *merge_contents(struct merge *g, const struct model *m)
{
	uint32_t *contents = pool_array(&g->scratch, m->resource_count, sizeof(*contents));
	uint32_t *order = m->resource_count ? around_order(&g->scratch, m) : NULL;

	for (uint32_t i = 0; i < m->resource_count; i++)
		contents[i] = around_find(m, order, m->resources[i].address);
	return contents;
}

void merge_crowds(struct merge *g, const struct model *m)
{
	uint32_t *contents = merge_contents(g, m);
	bool *alone = pool_array(&g->scratch, m->block_count, sizeof(*alone));

	for (uint32_t i = 0; i < m->resource_count; i++)
		if (contents[i])
			alone[contents[i] - 1] = true;
	g->like_count = 0;
	g->like_of = pool_array(&g->scratch, m->site_count, sizeof(*g->like_of));
	/* what others hang on first */
	for (uint32_t i = 0; i < m->block_count; i++)
		if (m->blocks[i].class != CLASS_INDIRECT)
			add_block(g, m, i, alone[i]);
	for (uint32_t i = 0; i < m->block_count; i++)
		if (m->blocks[i].class == CLASS_INDIRECT)
			add_block(g, m, i, alone[i]);
	merge_resources(g, m, contents);
}

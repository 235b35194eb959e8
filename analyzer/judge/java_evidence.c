/* SPDX-License-Identifier: MIT */
/* What the members of one group of Java objects have in common: see java_evidence.h. */
#include <string.h>

#include "java_evidence.h"

enum java_around java_around_of(const struct model *m, const struct resource *call)
{
	const char *end;

	if (!call)
		return JAVA_AROUND_NONE;
	if (!call->is_ended)
		return java_step(m, call, "closed") ? JAVA_AROUND_CANCELLED : JAVA_AROUND_OPEN;
	end = m->probes[call->end_probe].symbol;
	if (!strcmp(end, "closed"))
		return java_step(m, call, "close") ? JAVA_AROUND_COMPLETED : JAVA_AROUND_CANCELLED;
	if (java_step(m, call, "closed") || java_step(m, call, "cancel"))
		return JAVA_AROUND_CANCELLED;
	if (java_node_of(m, call->end_node, ".onError") || java_node_of(m, call->end_node, "handleInternalError"))
		return JAVA_AROUND_FAILED;
	return JAVA_AROUND_COMPLETED;
}

/* The call of the server in whose work it was made. */
static const struct resource *around(const struct model *m, const struct resource *r)
{
	const struct resource *around = r->java->around ? &m->resources[r->java->around - 1] : NULL;

	return around && java_kind(m, around) == JAVA_SERVER_CALL ? around : NULL;
}

/* Siblings were made by the same line of the program, or, where none of its lines is in the stack, at the same place. */
static uint64_t sibling_key(const struct model *m, const struct resource *r)
{
	uint32_t own = java_own(m, r->node);

	return own ? m->nodes[own].java : (uint64_t)r->node << 32;
}

struct siblings {
	uint64_t key;
	uint32_t type;
	uint32_t zero; /* no padding: keys are compared as bytes */
	uint32_t living, ended;
	uint64_t newest_ended_us;
	UT_hash_handle hh;
};

static struct siblings *siblings_of(struct work *w, struct siblings **all, const struct resource *r)
{
	struct siblings key = { .key = sibling_key(w->m, r), .type = r->type }, *found;

	HASH_FIND(hh, *all, &key, offsetof(struct siblings, living), found);
	if (found)
		return found;
	found = pool_take(&w->m->pool, sizeof(*found));
	found->key = key.key;
	found->type = key.type;
	HASH_ADD(hh, *all, key, offsetof(struct siblings, living), found);
	return found;
}

static void note_maker(struct java_evidence *e, uint16_t thread)
{
	for (unsigned i = 0; i < e->maker_count; i++)
		if (e->makers[i] == thread)
			return;
	if (e->maker_count < EVIDENCE_MAKERS)
		e->makers[e->maker_count++] = thread;
}

static bool has_step_in(const struct model *m, const struct resource *r, const char *part)
{
	for (unsigned i = 0; i < r->step_count; i++)
		if (java_node_of(m, m->steps[r->steps + i].node, part))
			return true;
	return false;
}

/* The way of a message through gRPC: framer, queue of the transport, wire; or the other way. */
static void note_way(struct java_evidence *e, const struct model *m, const struct resource *r)
{
	if (java_node_of(m, r->node, "MessageFramer")) {
		bool queued = has_step_in(m, r, "writeFrame") || has_step_in(m, r, "deliverFrame");

		e->queued += queued;
		e->framed += !queued;
		e->chained += !queued && java_node_of(m, r->node, "BufferChainOutputStream");
	} else if (java_node_of(m, r->node, "channel.nio.") || java_node_of(m, r->node, "channel.epoll.") ||
		   java_node_of(m, r->node, ".ByteToMessageDecoder")) {
		e->inbound += !java_own(m, r->node);
	}
	e->detached += has_step_in(m, r, "MessageDeframer") || has_step_in(m, r, "ReadableBuffer");
}

static const struct misuse *overlap_of(const struct model *m, const struct resource *r, const struct resource *call)
{
	uint32_t own = java_own(m, r->node);

	for (uint32_t i = 0; i < m->misuse_count; i++) {
		const struct misuse *misuse = &m->misuses[i];
		uint32_t there;

		if (misuse->kind != WRONG_OVERLAPPED && misuse->kind != WRONG_RACED)
			continue;
		if (misuse->address == r->address || (call && misuse->address == call->address))
			return misuse;
		there = java_own(m, misuse->node);
		if (own && there && m->nodes[own].java == m->nodes[there].java)
			return misuse;
	}
	return NULL;
}

static void note(struct java_evidence *e, const struct model *m, const struct resource *r)
{
	const struct resource *call = around(m, r);
	bool own = java_holder(m, r, NULL) != NULL;

	if (!e->members++ || r->time_us < e->oldest_us)
		e->oldest_us = r->time_us;
	e->around[java_around_of(m, call)]++;
	e->collected += r->java->is_collected;
	e->held += r->java->verdict == JAVA_HELD && !r->java->is_collected;
	e->held_by_own += own && !r->java->is_collected;
	e->retained += r->retains > 0;
	note_maker(e, r->thread);
	note_way(e, m, r);
	if (!e->sample || (own && !java_holder(m, e->sample, NULL)) || r->step_count > e->sample->step_count) {
		e->sample = r;
		e->sample_around = call;
	}
	if (!e->overlap)
		e->overlap = overlap_of(m, r, call);
}

struct java_evidence *java_evidence_collect(struct work *w, const struct diagnosis *d)
{
	struct model *m = w->m;
	struct java_evidence *list = pool_array(&m->pool, d->detailed, sizeof(*list));
	struct siblings *all = NULL;

	for (uint32_t i = 0; i < m->resource_count + m->ended_count; i++) {
		struct resource *r = &m->resources[i];
		struct siblings *siblings = r->java ? siblings_of(w, &all, r) : NULL;

		if (siblings && r->is_ended) {
			siblings->ended++;
			if (r->time_us > siblings->newest_ended_us)
				siblings->newest_ended_us = r->time_us;
		} else if (siblings)
			siblings->living++;
	}
	for (uint32_t i = 0; i < m->resource_count; i++) {
		struct group *g = work_final(w->of_resource[i]);
		const struct siblings *siblings;
		struct java_evidence *e;

		if (!m->resources[i].java || !g->shown)
			continue;
		e = &list[g->shown - 1];
		note(e, m, &m->resources[i]);
		siblings = siblings_of(w, &all, &m->resources[i]);
		e->living_siblings = siblings->living;
		e->ended_siblings = siblings->ended;
		e->newest_ended_us = siblings->newest_ended_us;
	}
	HASH_CLEAR(hh, all);
	return list;
}

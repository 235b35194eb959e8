/* SPDX-License-Identifier: MIT */
/* What a Java object's trace says about it, and its class: see java.h. */
#include <string.h>

#include "java.h"
#include "java_code.h"

#define YOUNG_US 1000000 /* on its way, if that is possible at all */
#define DEPTH_MAX 1200u

enum java_kind java_kind(const struct model *m, const struct resource *r)
{
	static const struct {
		const char *name;
		enum java_kind kind;
	} kinds[] = {
		{ "ByteBuf", JAVA_BUFFER },	    { "ServerCall", JAVA_SERVER_CALL }, { "ClientCall", JAVA_CLIENT_CALL },
		{ "PendingCall", JAVA_PENDING_CALL },
		{ "ManagedChannel", JAVA_CHANNEL }, { "Server", JAVA_SERVER },	       { "DetachedStream", JAVA_STREAM },
		{ "Deflater", JAVA_NATIVE },	    { "Inflater", JAVA_NATIVE },       { "DirectByteBuffer", JAVA_NATIVE },
	};
	const char *name = m->types[r->type].name;

	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		if (!strcmp(kinds[i].name, name))
			return kinds[i].kind;
	return JAVA_OTHER;
}

static const struct java_frame *frame_of(const struct model *m, uint32_t node)
{
	return m->nodes[node].java ? &m->java_frames[m->nodes[node].java] : NULL;
}

static bool is_own(const struct java_frame *frame)
{
	return frame && frame->function && !frame->is_hidden && !java_code_is_library(frame->function);
}

uint32_t java_own(const struct model *m, uint32_t node)
{
	for (unsigned i = 0; node && i < DEPTH_MAX; i++, node = m->nodes[node].parent)
		if (is_own(frame_of(m, node)))
			return node;
	return 0;
}

uint32_t java_node_of(const struct model *m, uint32_t node, const char *part)
{
	for (unsigned i = 0; node && i < DEPTH_MAX; i++, node = m->nodes[node].parent) {
		const struct java_frame *frame = frame_of(m, node);

		if (frame && frame->function && strstr(frame->function, part))
			return node;
	}
	return 0;
}

const struct step *java_step(const struct model *m, const struct resource *r, const char *method)
{
	for (unsigned i = r->step_count; i-- > 0;)
		if (!strcmp(m->probes[m->steps[r->steps + i].probe].symbol, method))
			return &m->steps[r->steps + i];
	return NULL;
}

const struct java_hold *java_holder(const struct model *m, const struct resource *r, const struct java_hold **root)
{
	const struct java_hold *own = NULL, *last = NULL;

	for (uint32_t at = r->java->hold; at; at = m->java_holds[at].next) {
		const struct java_hold *hold = &m->java_holds[at];
		const char *name = hold->kind == JAVA_HOLD_STACK ? hold->what : hold->class_name;

		last = hold;
		if (!own && *name && hold->kind != JAVA_HOLD_THREAD && hold->kind != JAVA_HOLD_ELEMENT &&
		    !java_code_is_library(name))
			own = hold;
	}
	if (root)
		*root = last;
	return own;
}

bool java_ended_by_itself(const struct model *m)
{
	if (m->ending != ENDING_EXIT && m->ending != ENDING_FAST_EXIT)
		return false;
	return m->ending_detail <= 128 || m->ending_detail > 160; /* the virtual machine turns signals into such ends */
}

bool java_is_static(const struct model *m, const struct resource *r)
{
	uint32_t node = r->node;

	for (unsigned i = 0; node && i < DEPTH_MAX; i++, node = m->nodes[node].parent) {
		const struct java_frame *frame = frame_of(m, node);

		if (frame && frame->is_initialiser)
			return true;
	}
	return false;
}

#define AT_ONCE_US 20000

bool java_is_quiet(const struct model *m)
{
	if (!java_ended_by_itself(m))
		return false;
	for (uint32_t i = 0; i < m->resource_count; i++) {
		const struct resource *r = &m->resources[i];

		if (r->java && !r->java->is_collected && (java_kind(m, r) == JAVA_CHANNEL || java_kind(m, r) == JAVA_SERVER))
			return false;
	}
	return true;
}

/* When something was done with it last. */
static uint64_t last_use(const struct model *m, const struct resource *r)
{
	const struct step *last = r->step_count ? &m->steps[r->steps + r->step_count - 1] : NULL;

	return last && last->time_us > r->time_us ? last->time_us : r->time_us;
}

static bool is_recent(const struct work *w, uint64_t time)
{
	const struct model *m = w->m;
	uint64_t now = m->java.is_walked ? m->java.walk_us : m->java.ended_us ? m->java.ended_us : m->now_us;

	return time + (w->is_quiet ? AT_ONCE_US : YOUNG_US) > now;
}

/* Jars are read by inflaters that stay. */
static bool is_of_class_loading(const struct model *m, const struct resource *r)
{
	return java_node_of(m, r->node, "java.util.zip.ZipFile") || java_node_of(m, r->node, "java.util.jar.JarFile") ||
	       java_node_of(m, r->node, "jdk.internal.");
}

/* A call that is over for the transport, of which its handler knows, or was never asked, is no leak. */
static bool is_excused(const struct model *m, const struct resource *r)
{
	if (java_kind(m, r) != JAVA_SERVER_CALL || !java_step(m, r, "closed"))
		return false;
	return java_step(m, r, "setOnCancelHandler") || java_step(m, r, "isCancelled") || !java_step(m, r, "halfClosed");
}

/* Nobody holds it, or the collector has it already. */
static enum leak_class class_lost(const struct model *m, const struct resource *r, enum java_kind kind)
{
	if (kind == JAVA_NATIVE && is_of_class_loading(m, r))
		return CLASS_RUNTIME;
	return is_excused(m, r) ? CLASS_IGNORED : CLASS_DEFINITE;
}

static enum leak_class class_held_call(const struct work *w, const struct resource *r)
{
	const struct model *m = w->m;
	const struct java_hold *root, *own = java_holder(m, r, &root);
	const struct step *closed = java_step(m, r, "closed");

	if (own && root->kind == JAVA_HOLD_STATIC && closed)
		return CLASS_HELD;
	if (is_recent(w, closed ? closed->time_us : last_use(m, r)) && !java_ended_by_itself(m))
		return CLASS_IN_FLIGHT;
	if (root && (root->kind == JAVA_HOLD_STACK || root->kind == JAVA_HOLD_THREAD) && own)
		return CLASS_IN_FLIGHT;
	if (closed)
		return is_excused(m, r) ? CLASS_IGNORED : CLASS_HELD;
	return java_step(m, r, "halfClosed") || java_kind(m, r) == JAVA_CLIENT_CALL ? CLASS_HELD : CLASS_IN_FLIGHT;
}

static bool has_shut_down(const struct model *m, const struct resource *r)
{
	return java_step(m, r, "shutdown") || java_step(m, r, "shutdownNow");
}

/* A channel that works is none until its program ends; a server that nobody stopped ends with it. */
static enum leak_class class_held_channel(const struct model *m, const struct resource *r, enum java_kind kind)
{
	if (!java_ended_by_itself(m))
		return CLASS_REACHABLE;
	return kind == JAVA_CHANNEL || has_shut_down(m, r) ? CLASS_HELD : CLASS_REACHABLE;
}

static enum leak_class class_held_buffer(const struct work *w, const struct resource *r)
{
	const struct model *m = w->m;
	const struct java_hold *root, *own = java_holder(m, r, &root);

	if (own && root->kind == JAVA_HOLD_STATIC)
		return CLASS_HELD;
	return is_recent(w, last_use(m, r)) ? CLASS_IN_FLIGHT : CLASS_HELD;
}

static enum leak_class class_held(const struct work *w, const struct resource *r, enum java_kind kind)
{
	const struct model *m = w->m;

	switch (kind) {
	case JAVA_SERVER_CALL:
	case JAVA_CLIENT_CALL:
		return class_held_call(w, r);
	case JAVA_CHANNEL:
	case JAVA_SERVER:
		return class_held_channel(m, r, kind);
	case JAVA_NATIVE:
		return is_of_class_loading(m, r) ? CLASS_RUNTIME : CLASS_REACHABLE;
	default:
		return class_held_buffer(w, r);
	}
}

enum leak_class java_class(struct work *w, const struct resource *r)
{
	const struct model *m = w->m;
	enum java_kind kind = java_kind(m, r);

	if (kind == JAVA_PENDING_CALL)
		return CLASS_IGNORED;
	if (r->java->is_collected || r->java->verdict == JAVA_UNREACHABLE)
		return class_lost(m, r, kind);
	if (java_is_static(m, r))
		return CLASS_REACHABLE;
	if (r->java->verdict == JAVA_HELD)
		return class_held(w, r, kind);
	if (kind == JAVA_NATIVE)
		return is_of_class_loading(m, r) ? CLASS_RUNTIME : CLASS_REACHABLE;
	if (kind == JAVA_CHANNEL || kind == JAVA_SERVER)
		return class_held_channel(m, r, kind);
	if (kind == JAVA_SERVER_CALL && java_step(m, r, "closed")) /* over, whoever holds it */
		return is_excused(m, r) ? CLASS_IGNORED : CLASS_UNCLASSIFIED;
	return is_recent(w, last_use(m, r)) ? CLASS_IN_FLIGHT : CLASS_UNCLASSIFIED;
}

bool java_is_raw(const struct model *m, const uint32_t *nodes, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		const struct java_frame *frame = frame_of(m, nodes[i]);

		if (frame && frame->function && (!strncmp(frame->function, "java.nio.", 9) ||
						 !strncmp(frame->function, "java.util.zip.", 14) || strstr(frame->function, "netty.")))
			return false;
		if (is_own(frame))
			return true;
	}
	return false;
}

struct java_pools java_pools_of(struct work *w)
{
	struct java_pools pools = { 0 };
	struct model *m = w->m;

	if (m->java.status != JAVA_FOLLOWED)
		return pools;
	for (uint32_t i = 0; i < m->block_count; i++) {
		uint32_t node = m->sites[m->blocks[i].site].node;

		if (m->blocks[i].size < 32768 || (!java_node_of(m, node, "netty.buffer.PoolArena") &&
						 !java_node_of(m, node, "netty.buffer.AdaptivePoolingAllocator")))
			continue;
		pools.chunks++;
		pools.bytes += m->blocks[i].size;
	}
	for (uint32_t i = 0; i < m->resource_count; i++) {
		const struct resource *r = &m->resources[i];

		if (!r->java || java_kind(m, r) != JAVA_BUFFER)
			continue;
		if (!java_node_of(m, r->node, "PooledByteBufAllocator.newDirectBuffer") &&
		    !java_node_of(m, r->node, "AdaptiveByteBufAllocator.newDirectBuffer"))
			continue;
		pools.buffers++;
		pools.used += r->size;
	}
	return pools;
}

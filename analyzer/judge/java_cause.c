/* SPDX-License-Identifier: MIT */
/* Why Java objects were not released: see java.h. */
#include <stdarg.h>
#include <string.h>

#include "java_evidence.h"
#include "java_place.h"
#include "own.h"

#define BECAUSE_MAX 8u

struct finding_out {
	struct work *w;
	const struct leak *leak;
	const struct java_evidence *e;
	enum cause cause;
	struct explanation *explanation;
	uint32_t missing; /* node of the place that lacks the release; 0: none */
	const struct missing_release *handler; /* where there is none */
};

static void because(struct finding_out *f, const char *text)
{
	struct explanation *x = f->explanation;

	if (!x->because)
		x->because = pool_array(&f->w->m->pool, BECAUSE_MAX, sizeof(*x->because));
	if (x->because_count < BECAUSE_MAX)
		((const char **)x->because)[x->because_count++] = text;
}

static const char *advice_of(enum cause cause, enum java_kind kind)
{
	switch (cause) {
	case CAUSE_NEVER_COMPLETED:
		return kind == JAVA_CLIENT_CALL
			       ? "end every stream that you open: onCompleted() or onError() on its request observer, or cancel it"
			       : "end every call on every way: onCompleted(), or onError() in a catch block; a deadline of the "
				 "client is no end";
	case CAUSE_UNSYNCHRONISED:
		return "a StreamObserver is for one thread at a time: call onNext() in a block synchronized on it, or from one "
		       "thread only";
	case CAUSE_NOT_AWAITED:
		return "after shutdown() call awaitTermination(5, TimeUnit.SECONDS), then shutdownNow() and awaitTermination() "
		       "once more, before the program ends";
	case CAUSE_CANCELLED:
		return "release what the call has when the client cancels: ServerCallStreamObserver.setOnCancelHandler(), or a "
		       "finally block around the loop that asks isCancelled()";
	case CAUSE_ERROR_PATH:
		return "release in a finally block, so that an exception does not pass it";
	case CAUSE_RETAINED:
		return "release it when it is taken out of what holds it, and take it out; whoever calls retain() owes a release()";
	case CAUSE_DROPPED:
		return kind == JAVA_STREAM ? "close() the stream in a finally block when the message has been read"
					   : "release it where it was used last, in a finally block; a handler that does not pass a "
					     "message on calls ReferenceCountUtil.release(), or extends SimpleChannelInboundHandler";
	case CAUSE_DOUBLE_RELEASE:
		return "let one place own it: whoever hands it on does not release it, whoever keeps it retains it first";
	case CAUSE_LIBRARY:
		return "upgrade gRPC-Java and Netty: the release is missing in the library, or report it with these lines";
	default:
		return NULL;
	}
}

static const char *hold_kind(enum java_hold_kind kind)
{
	static const char *const words[JAVA_HOLDS] = {
		[JAVA_HOLD_FIELD] = "field",   [JAVA_HOLD_ELEMENT] = "element", [JAVA_HOLD_STATIC] = "static",
		[JAVA_HOLD_STACK] = "stack",   [JAVA_HOLD_THREAD] = "thread",	[JAVA_HOLD_JNI] = "native code",
		[JAVA_HOLD_OTHER] = "virtual machine", [JAVA_HOLD_CUT] = "something further away",
	};

	return words[kind] ? words[kind] : "?";
}

/* Who holds it: the program's own field, static or local variable nearest to it, else the root. */
static const struct holder *holder_of(struct model *m, const struct resource *r)
{
	const struct java_hold *root, *own = java_holder(m, r, &root);
	const struct java_hold *named = own && root->kind == JAVA_HOLD_STATIC && own->kind != JAVA_HOLD_STATIC &&
					!strcmp(own->class_name, root->class_name) ? root : own ? own : root;
	struct holder *holder;

	if (!root || r->java->is_collected || r->java->verdict != JAVA_HELD)
		return NULL;
	holder = pool_take(&m->pool, sizeof(*holder));
	holder->what = hold_kind(named->kind);
	holder->symbol = java_hold_name(m, named);
	return holder;
}

#define PATH_SHOWN 12u

static const char *path_text(struct model *m, const struct resource *r)
{
	const char *text = "Held: it";
	unsigned steps = 0;

	for (uint32_t at = r->java->hold; at; at = m->java_holds[at].next, steps++) {
		const struct java_hold *hold = &m->java_holds[at];

		if (steps >= PATH_SHOWN && hold->next)
			continue;
		text = pool_print(&m->pool, "%s <- %s%s", text, steps > PATH_SHOWN ? "... <- " : "", java_hold_words(m, hold));
	}
	return text;
}

static const char *count_text(struct model *m, uint32_t count, uint32_t of, const char *what)
{
	return pool_print(&m->pool, "%u of %u %s", count, of, what);
}

static void decide(struct finding_out *f, enum cause cause, enum confidence confidence)
{
	f->cause = cause;
	f->explanation->confidence = confidence;
}

static void decide_unsynchronised(struct finding_out *f, enum confidence confidence)
{
	struct model *m = f->w->m;
	const struct misuse *overlap = f->e->overlap;

	decide(f, CAUSE_UNSYNCHRONISED, confidence);
	if (overlap) {
		f->missing = java_own(m, overlap->node);
		because(f, pool_print(&m->pool, "Thread %s came into %s() while thread %s was inside, %u times in all",
				      m->threads[overlap->thread].name, m->probes[overlap->probe].symbol,
				      m->threads[overlap->end_thread].name, (unsigned)overlap->times));
	}
	if (f->e->maker_count > 1)
		because(f, pool_print(&m->pool, "%u threads made them at this place", f->e->maker_count));
}

static const struct step *shutdown_of(const struct model *m, const struct resource *channel)
{
	const struct step *shutdown = java_step(m, channel, "shutdown");

	return shutdown ? shutdown : java_step(m, channel, "shutdownNow");
}

/* The channel or server that was told to end, and the program ended before it; 0: there is none. */
static const struct resource *cut_short(const struct model *m)
{
	for (uint32_t i = 0; i < m->resource_count; i++) {
		const struct resource *r = &m->resources[i];

		if (r->java && (java_kind(m, r) == JAVA_CHANNEL || java_kind(m, r) == JAVA_SERVER) &&
		    shutdown_of(m, r) && !java_step(m, r, "awaitTermination") && java_ended_by_itself(m))
			return r;
	}
	return NULL;
}

static void decide_not_awaited(struct finding_out *f)
{
	const struct model *m = f->w->m;
	const struct resource *channel = cut_short(m);
	const struct step *shutdown = channel ? shutdown_of(m, channel) : NULL;
	uint32_t own = shutdown ? java_own(m, shutdown->node) : 0;

	if (channel)
		because(f, "A channel or server was told to shut down, and the program ended before it had");
	if (own)
		f->missing = own;
	decide(f, CAUSE_NOT_AWAITED, channel ? CONFIDENCE_LIKELY : CONFIDENCE_GUESS);
}

/* Messages that were being sent. */
static void decide_outbound(struct finding_out *f)
{
	struct model *m = f->w->m;
	const struct java_evidence *e = f->e;
	uint32_t gave_up = e->around[JAVA_AROUND_CANCELLED] + e->around[JAVA_AROUND_OPEN];

	f->missing = java_own(m, e->sample->node);
	if (e->overlap) {
		decide_unsynchronised(f, CONFIDENCE_CERTAIN);
		return;
	}
	if (e->chained) {
		bool server = java_node_of(m, e->sample->node, "ServerCallImpl") != 0;

		because(f, "gRPC was writing a message of unknown length into a chain of buffers, and never handed the chain on; "
			   "MessageFramer has no finally block there");
		if (server)
			because(f, "On the server nothing but an exception of the serializer ends that");
		decide(f, server ? CAUSE_ERROR_PATH : CAUSE_LIBRARY, CONFIDENCE_LIKELY);
		return;
	}
	if (e->framed && cut_short(m)) {
		decide_not_awaited(f);
		return;
	}
	if (e->framed) {
		because(f, count_text(m, e->framed, e->members, "stayed in the framer: the call was neither flushed nor ended"));
		if (gave_up)
			because(f, count_text(m, gave_up, e->members, "belong to calls that their handler never ended"));
		if (e->around[JAVA_AROUND_COMPLETED] + e->around[JAVA_AROUND_FAILED] > gave_up) {
			decide(f, CAUSE_LIBRARY, CONFIDENCE_GUESS);
			return;
		}
		decide(f, CAUSE_NEVER_COMPLETED, e->ended_siblings ? CONFIDENCE_LIKELY : CONFIDENCE_CERTAIN);
		return;
	}
	because(f, count_text(m, e->queued, e->members, "were handed to the transport, and never written"));
	if (f->leak->class == CLASS_IN_FLIGHT || cut_short(m))
		decide_not_awaited(f);
	else if (e->held)
		decide(f, CAUSE_RETAINED, CONFIDENCE_LIKELY);
	else
		decide(f, CAUSE_LIBRARY, CONFIDENCE_LIKELY);
}

/* Nothing of the program's is in any of its stacks, but it was handed to somebody. */
static void note_handler(struct finding_out *f)
{
	struct pool *pool = &f->w->m->pool;

	f->handler = java_missing_in_handler(f->w, f->e->sample);
	if (f->handler) {
		because(f, pool_print(pool, "It was handed on to %s(), and to no handler of the program's own after that",
				      f->handler->function));
		return;
	}
	f->handler = f->e->inbound + f->e->detached ? java_missing_in_only_handler(f->w) : NULL;
	if (f->handler)
		because(f, pool_print(pool, "It came in, and %s() is the program's only handler of such", f->handler->function));
}

/* Buffers that the program made or was handed. */
static void decide_buffer(struct finding_out *f)
{
	struct model *m = f->w->m;
	const struct java_evidence *e = f->e;
	uint32_t own = java_own(m, e->sample->node), step;

	if (e->held_by_own && e->held) {
		decide(f, CAUSE_RETAINED, CONFIDENCE_CERTAIN);
		step = java_own_step(m, e->sample, "retain");
		f->missing = step ? step : own;
		return;
	}
	if (f->leak->class == CLASS_IN_FLIGHT) {
		decide_not_awaited(f);
		return;
	}
	step = java_own_step(m, e->sample, "retain");
	if (step && (f->leak->class == CLASS_UNCLASSIFIED || e->held)) {
		because(f, "The program retained it, and nobody took that back");
		f->missing = step;
		decide(f, CAUSE_RETAINED, CONFIDENCE_LIKELY);
		return;
	}
	step = java_own_retain(m, e->sample);
	if (!step && !own)
		step = java_own_step(m, e->sample, NULL);
	f->missing = step ? step : own;
	if (!f->missing)
		note_handler(f);
	if (e->held) {
		decide(f, CAUSE_RETAINED, CONFIDENCE_LIKELY);
		return;
	}
	if (f->leak->class == CLASS_DEFINITE)
		because(f, count_text(m, e->members - e->held, e->members, "can no longer be reached: nobody will ever release them"));
	if (own && e->around[JAVA_AROUND_CANCELLED] * 2 > e->members - e->around[JAVA_AROUND_NONE]) {
		because(f, count_text(m, e->around[JAVA_AROUND_CANCELLED], e->members,
				      "were made in calls that the client cancelled before their handler had ended them"));
		decide(f, CAUSE_CANCELLED, e->ended_siblings ? CONFIDENCE_CERTAIN : CONFIDENCE_LIKELY);
		return;
	}
	if (own && e->ended_siblings && e->oldest_us >= e->newest_ended_us) {
		because(f, "They are the last ones that were made there, those before them were released: what they waited in was dropped");
		decide(f, CAUSE_DROPPED, CONFIDENCE_LIKELY);
		return;
	}
	if (own && (e->ended_siblings || e->around[JAVA_AROUND_FAILED])) {
		if (e->ended_siblings)
			because(f, pool_print(&m->pool, "Others that were made at the same line were released (%u of those kept in mind)",
					      e->ended_siblings));
		if (e->around[JAVA_AROUND_FAILED])
			because(f, count_text(m, e->around[JAVA_AROUND_FAILED], e->members, "were made in calls that ended with an error"));
		decide(f, CAUSE_ERROR_PATH, e->ended_siblings && e->around[JAVA_AROUND_FAILED] ? CONFIDENCE_CERTAIN : CONFIDENCE_LIKELY);
		return;
	}
	if (e->detached && !own)
		because(f, "It came in as a message that was taken out of its call, as a stream that nobody closed");
	if (own || e->detached || e->inbound)
		decide(f, CAUSE_DROPPED, own ? CONFIDENCE_CERTAIN : CONFIDENCE_LIKELY);
	else
		decide(f, CAUSE_LIBRARY, CONFIDENCE_GUESS);
}

/* A client in this process cancelled calls of that name, by itself or with the context that they were made in. */
static uint32_t cancels_of(const struct model *m, const char *name)
{
	uint32_t count = 0;

	for (uint32_t i = 0; name && i < m->resource_count + m->ended_count; i++) {
		const struct resource *r = &m->resources[i];
		const struct step *cancel;

		if (!r->java || !r->java->name || strcmp(r->java->name, name) || java_kind(m, r) != JAVA_CLIENT_CALL)
			continue;
		cancel = java_step(m, r, "cancel");
		count += java_step(m, r, "cancelled") || (cancel && java_own(m, cancel->node));
	}
	return count;
}

/* A message of this call was left half written. */
static bool is_torn(const struct model *m, const struct resource *call)
{
	uint32_t around = (uint32_t)(call - m->resources) + 1;

	for (uint32_t i = 0; i < m->resource_count; i++)
		if (m->resources[i].java && m->resources[i].java->around == around &&
		    java_node_of(m, m->resources[i].node, "BufferChainOutputStream"))
			return true;
	return false;
}

/* Where the program made a call whose channel was not connected yet. */
static void note_pending(struct finding_out *f, const struct resource *call)
{
	const struct model *m = f->w->m;
	const struct resource *pending = call->java->around ? &m->resources[call->java->around - 1] : NULL;

	if (f->missing || !pending || java_kind(m, pending) != JAVA_PENDING_CALL)
		return;
	because(f, "It was made before its channel was connected, and started later by another thread");
	f->missing = java_own_step(m, pending, NULL);
	if (!f->missing)
		f->missing = java_own(m, pending->node);
}

/* All calls were to be cut off, and the program ended before they were. */
static bool has_shut_now(const struct model *m)
{
	const struct resource *channel = cut_short(m);

	return channel && java_step(m, channel, "shutdownNow");
}

static void decide_call(struct finding_out *f, enum java_kind kind)
{
	struct model *m = f->w->m;
	const struct java_evidence *e = f->e;
	const struct resource *call = e->sample;
	bool closed = java_step(m, call, "closed") != NULL;
	uint32_t cancels = closed ? cancels_of(m, call->java->name) : 0, step = java_own_step(m, call, NULL);

	f->missing = step ? step : java_own(m, call->node);
	if (call->java->name)
		because(f, pool_print(&m->pool, "Calls of %s", call->java->name));
	note_pending(f, call);
	if (!f->missing && kind == JAVA_SERVER_CALL && (f->missing = java_end_of_siblings(m, call)) != 0)
		because(f, "Others of that name were ended at the place above");
	if (e->overlap) {
		decide_unsynchronised(f, CONFIDENCE_CERTAIN);
		return;
	}
	if (kind == JAVA_SERVER_CALL && is_torn(m, call)) {
		because(f, "A message of it was left half written: an exception ended its handler");
		decide(f, CAUSE_ERROR_PATH, CONFIDENCE_LIKELY);
		return;
	}
	if (closed && (cancels || (e->held && e->held_by_own))) {
		if (cancels)
			because(f, pool_print(&m->pool, "Clients cancelled calls of that name %u times", cancels));
		because(f, "The call is over, and its handler never learnt that: it set no handler for it and did not ask");
		decide(f, CAUSE_CANCELLED, e->held_by_own ? CONFIDENCE_CERTAIN : CONFIDENCE_LIKELY);
		return;
	}
	if (f->leak->class == CLASS_IN_FLIGHT || (cut_short(m) && (kind == JAVA_SERVER_CALL || java_step(m, call, "halfClose") || has_shut_now(m)))) {
		decide_not_awaited(f);
		return;
	}
	because(f, kind == JAVA_CLIENT_CALL ? "The client never ended its side of it, and never saw the server's end"
		   : closed ? "Its handler called neither onCompleted() nor onError() before the other side gave up"
			    : "Its handler has called neither onCompleted() nor onError()");
	decide(f, CAUSE_NEVER_COMPLETED, kind == JAVA_CLIENT_CALL ? CONFIDENCE_LIKELY : CONFIDENCE_CERTAIN);
}

static unsigned open_calls(const struct model *m)
{
	unsigned count = 0;

	for (uint32_t i = 0; i < m->resource_count; i++) {
		const struct resource *r = &m->resources[i];

		count += r->java && (java_kind(m, r) == JAVA_CLIENT_CALL || (java_kind(m, r) == JAVA_SERVER_CALL && !java_step(m, r, "closed")));
	}
	return count;
}

static void decide_channel(struct finding_out *f, enum java_kind kind)
{
	struct model *m = f->w->m;
	const struct resource *channel = f->e->sample;
	const struct step *shutdown = shutdown_of(m, channel), *await = java_step(m, channel, "awaitTermination");
	uint32_t in_flight = 0, own = 0;

	if (shutdown)
		own = java_own(m, shutdown->node);
	f->missing = own ? own : java_own(m, channel->node);
	for (uint32_t i = 0; i < m->resource_count; i++)
		in_flight += m->resources[i].java && java_kind(m, &m->resources[i]) == JAVA_BUFFER &&
			     java_class(f->w, &m->resources[i]) == CLASS_IN_FLIGHT;
	because(f, !shutdown ? "It was never shut down"
		   : await   ? "It was shut down, and had not come to its end when the waiting was over"
			     : "It was told to shut down, and nobody waited until it had");
	if (in_flight)
		because(f, pool_print(&m->pool, "%u buffers were on their way at that moment", in_flight));
	if (await && open_calls(m))
		because(f, pool_print(&m->pool, "%u calls had not ended, which it waits for", open_calls(m)));
	decide(f, await && open_calls(m) ? CAUSE_NEVER_COMPLETED : CAUSE_NOT_AWAITED,
	       kind == JAVA_CHANNEL ? CONFIDENCE_CERTAIN : CONFIDENCE_LIKELY);
}

static void decide_stream(struct finding_out *f)
{
	const struct java_evidence *e = f->e;
	uint32_t own = java_own(f->w->m, e->sample->node), step = java_own_step(f->w->m, e->sample, NULL);

	f->missing = step ? step : own;
	because(f, "A message that is taken out of its call as a stream keeps its buffers until the stream is closed");
	decide(f, e->held ? CAUSE_RETAINED : CAUSE_DROPPED, CONFIDENCE_CERTAIN);
}

static void find_cause(struct finding_out *f)
{
	const struct java_evidence *e = f->e;
	enum java_kind kind = java_kind(f->w->m, e->sample);

	switch (kind) {
	case JAVA_BUFFER:
		if (e->framed + e->queued)
			decide_outbound(f);
		else
			decide_buffer(f);
		break;
	case JAVA_SERVER_CALL:
	case JAVA_CLIENT_CALL:
		decide_call(f, kind);
		break;
	case JAVA_CHANNEL:
	case JAVA_SERVER:
		decide_channel(f, kind);
		break;
	case JAVA_STREAM:
		decide_stream(f);
		break;
	default:
		decide_buffer(f);
	}
	if (f->explanation->confidence != CONFIDENCE_GUESS || f->cause != CAUSE_UNKNOWN)
		f->explanation->advice = advice_of(f->cause, kind);
}

static void explain(struct work *w, struct leak *leak, const struct java_evidence *e)
{
	struct model *m = w->m;
	struct explanation *x = pool_take(&m->pool, sizeof(*x));
	struct finding_out f = { .w = w, .leak = leak, .e = e, .explanation = x };

	find_cause(&f);
	if (e->collected)
		because(&f, count_text(m, e->collected, e->members, "were taken by the garbage collector unreleased"));
	x->last_held_by = holder_of(m, e->sample);
	if (!x->because_count && !x->last_held_by)
		because(&f, count_text(m, e->members, e->members, "were there when it ended, and nobody had released them"));
	if (x->last_held_by)
		because(&f, path_text(m, e->sample));
	if (f.cause != CAUSE_LIBRARY)
		x->missing = f.missing ? java_missing_at(w, f.missing) : f.handler;
	leak->cause = f.cause;
	leak->explanation = x;
}

/* Threads that were in one call at once, at the line of the program where what was misused was made. */
static const struct misuse *overlap_around(const struct model *m, const struct misuse *misuse)
{
	uint32_t made = java_own(m, misuse->made_node), there;

	for (uint32_t i = 0; made && i < m->misuse_count; i++) {
		const struct misuse *other = &m->misuses[i];

		if ((other->kind == WRONG_OVERLAPPED || other->kind == WRONG_RACED) &&
		    (there = java_own(m, other->node)) != 0 && m->nodes[there].java == m->nodes[made].java)
			return other;
	}
	return NULL;
}

static void explain_misuse(struct work *w, struct finding *finding)
{
	struct model *m = w->m;
	const struct misuse *misuse = finding->misuse;
	struct explanation *x = pool_take(&m->pool, sizeof(*x));
	struct finding_out f = { .w = w, .explanation = x };
	uint32_t own = java_own(m, misuse->node);
	bool is_overlap = misuse->kind == WRONG_OVERLAPPED || misuse->kind == WRONG_RACED;
	const struct misuse *overlap = is_overlap ? misuse : overlap_around(m, misuse);

	if (overlap) {
		struct java_evidence e = { .overlap = overlap };

		own = is_overlap ? own : java_own(m, overlap->node);

		f.e = &e;
		decide_unsynchronised(&f, CONFIDENCE_CERTAIN);
	} else {
		decide(&f, CAUSE_DOUBLE_RELEASE, CONFIDENCE_CERTAIN);
		if (misuse->end_node)
			because(&f, "It had been released completely before, at the place named below");
	}
	x->advice = advice_of(f.cause, JAVA_OTHER);
	x->missing = java_missing_at(w, own);
	finding->cause = f.cause;
	finding->explanation = x;
}

void java_explain(struct work *w, struct diagnosis *d)
{
	struct java_evidence *evidence;

	if (w->m->java.status == JAVA_NONE)
		return;
	evidence = java_evidence_collect(w, d);
	for (uint32_t i = 0; i < d->detailed; i++)
		if (evidence[i].members)
			explain(w, &d->leaks[i], &evidence[i]);
	for (uint32_t i = 0; i < d->finding_count; i++)
		if (d->findings[i].misuse && w->m->types[d->findings[i].misuse->type].is_java)
			explain_misuse(w, &d->findings[i]);
}

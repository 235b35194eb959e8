/* SPDX-License-Identifier: MIT */
#include "joins.h"

#include <errno.h>
#include <pthread.h>
#include <threads.h>
#include <time.h>

#include "crowded.h"
#include "handles.h"
#include "own.h"
#include "real.h"
#include "rules.h"

#define API __attribute__((visibility("default")))
#define DEFAULT_STACK (8ul << 20)
#define EARLY 64u /* a power of two */

static const struct probe_type type = {.name = {"thread", 6, 0}, .block = PROBE_BLOCK_SLAB, .initial = 1};
static const struct probe_line lines[] = {
	{.symbol = {"pthread_create", 14, 0}, .verb = PROBE_CREATE, .type = RESOURCE_THREAD_TYPE},
	{.symbol = {"pthread_join", 12, 0}, .verb = PROBE_FINAL, .type = RESOURCE_THREAD_TYPE},
	{.symbol = {"pthread_detach", 14, 0}, .verb = PROBE_FINAL, .type = RESOURCE_THREAD_TYPE},
};

static struct {
	int (*create)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);
	int (*join)(pthread_t, void **);
	int (*detach)(pthread_t);
	int (*tryjoin)(pthread_t, void **);
	int (*timedjoin)(pthread_t, void **, const struct timespec *);
	int (*clockjoin)(pthread_t, void **, clockid_t, const struct timespec *);
	int (*c_create)(thrd_t *, thrd_start_t, void *);
	int (*c_join)(thrd_t, int *);
	int (*c_detach)(thrd_t);
	int (*attr_init)(pthread_attr_t *); /* in a library of their own before glibc 2.34 */
	int (*attr_state)(const pthread_attr_t *, int *);
	int (*attr_stack)(const pthread_attr_t *, size_t *);
	size_t stack;
	int is_followed;
} next = {.stack = DEFAULT_STACK};

/* A thread may detach itself, or be joined by another, before its maker comes back from pthread_create. */
static struct {
	uint32_t used;
	struct {
		uintptr_t thread;
		uint32_t number;
	} ended[EARLY];
} early;

AREA_ELEMENT(at_resource, trace_resource, RESOURCE)

static void find(void)
{
	if (next.create || !real_ready())
		return;
	next.join = (__typeof__(next.join))real_next("pthread_join");
	next.detach = (__typeof__(next.detach))real_next("pthread_detach");
	next.tryjoin = (__typeof__(next.tryjoin))real_next("pthread_tryjoin_np");
	next.timedjoin = (__typeof__(next.timedjoin))real_next("pthread_timedjoin_np");
	next.clockjoin = (__typeof__(next.clockjoin))real_next("pthread_clockjoin_np");
	next.c_create = (__typeof__(next.c_create))real_next("thrd_create");
	next.c_join = (__typeof__(next.c_join))real_next("thrd_join");
	next.c_detach = (__typeof__(next.c_detach))real_next("thrd_detach");
	next.attr_init = (__typeof__(next.attr_init))real_next("pthread_attr_init");
	next.attr_state = (__typeof__(next.attr_state))real_next("pthread_attr_getdetachstate");
	next.attr_stack = (__typeof__(next.attr_stack))real_next("pthread_attr_getstacksize");
	next.create = (__typeof__(next.create))real_next("pthread_create");
}

void joins_start(void)
{
	pthread_attr_t attributes;

	find();
	if (own_is_musl() || !own_tid_offset()) /* nothing tells whether a thread has ended */
		return;
	if (next.attr_init && next.attr_stack && !next.attr_init(&attributes))
		next.attr_stack(&attributes, &next.stack);
	handles_declare(&type, lines, RESOURCE_THREAD_CREATE, sizeof lines / sizeof *lines);
	next.is_followed = 1;
}

static void happened(uintptr_t thread, uint32_t probe, size_t size, const struct live_caller *from)
{
	handles_event(thread, probe, RESOURCE_THREAD_JOIN, size, from);
}

static int is_followed(void)
{
	return next.is_followed && handles_are_followed();
}

static void made(uintptr_t thread, uint32_t since, size_t size, const struct live_caller *from)
{
	uint32_t used = __atomic_load_n(&early.used, __ATOMIC_ACQUIRE);

	for (uint32_t n = since; n != used && used - n <= EARLY; n++)
		if (early.ended[n % EARLY].thread == thread && early.ended[n % EARLY].number == n)
			return;
	if (used - since <= EARLY)
		happened(thread, RESOURCE_THREAD_CREATE, size, from);
}

/* Of which thread a call is about to be made, for its number may be another one's when the call returns. */
static uint32_t resource_of(uintptr_t thread, uint64_t *time)
{
	uint32_t i = is_followed() && resource_maybe(thread) ? resource_living(thread) : 0;

	*time = i ? at_resource(i)->time : 0;
	return i;
}

static void ended(uintptr_t thread, uint32_t before, uint64_t time, uint32_t probe, const struct live_caller *from)
{
	uint64_t now;

	if (!is_followed())
		return;
	if (!before) {
		uint32_t n = __atomic_fetch_add(&early.used, 1, __ATOMIC_ACQ_REL);

		early.ended[n % EARLY].thread = thread;
		early.ended[n % EARLY].number = n;
	} else if (resource_of(thread, &now) == before && now == time) {
		happened(thread, probe, 0, from);
	}
}

API int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*start)(void *), void *data)
{
	struct live_caller from = CALLER();
	uint32_t since = __atomic_load_n(&early.used, __ATOMIC_ACQUIRE);
	size_t size = next.stack;
	int detached = PTHREAD_CREATE_JOINABLE;

	find();
	if (!next.create)
		return EAGAIN;
	if (attributes && is_followed() && next.attr_state && next.attr_stack) {
		next.attr_state(attributes, &detached);
		next.attr_stack(attributes, &size);
	}
	void *place = crowded_thread(&start, &data);
	int result = next.create(thread, attributes, start, data);
	if (result)
		crowded_no_thread(place);
	if (!result && detached == PTHREAD_CREATE_JOINABLE && is_followed())
		made((uintptr_t)*thread, since, size, &from);
	return result;
}

#define ENDS(name, real, probe, parameters, thread, arguments)                                     \
	API int name parameters                                                                    \
	{                                                                                          \
		struct live_caller from = CALLER();                                                \
		uint64_t time;                                                                     \
		uint32_t before;                                                                   \
                                                                                                   \
		find();                                                                            \
		if (!next.real)                                                                    \
			return ENOSYS;                                                             \
		before = resource_of((uintptr_t)thread, &time);                                    \
		int result = next.real arguments;                                                  \
		if (!result)                                                                       \
			ended((uintptr_t)thread, before, time, probe, &from);                      \
		return result;                                                                     \
	}

ENDS(pthread_join, join, RESOURCE_THREAD_JOIN, (pthread_t thread, void **to), thread, (thread, to))
ENDS(pthread_detach, detach, RESOURCE_THREAD_DETACH, (pthread_t thread), thread, (thread))
ENDS(pthread_tryjoin_np, tryjoin, RESOURCE_THREAD_JOIN, (pthread_t thread, void **to), thread, (thread, to))
ENDS(pthread_timedjoin_np, timedjoin, RESOURCE_THREAD_JOIN,
     (pthread_t thread, void **to, const struct timespec *until), thread, (thread, to, until))
ENDS(pthread_clockjoin_np, clockjoin, RESOURCE_THREAD_JOIN,
     (pthread_t thread, void **to, clockid_t clock, const struct timespec *until), thread, (thread, to, clock, until))
ENDS(thrd_join, c_join, RESOURCE_THREAD_JOIN, (thrd_t thread, int *to), thread, (thread, to))
ENDS(thrd_detach, c_detach, RESOURCE_THREAD_DETACH, (thrd_t thread), thread, (thread))

API int thrd_create(thrd_t *thread, thrd_start_t start, void *data)
{
	struct live_caller from = CALLER();
	uint32_t since = __atomic_load_n(&early.used, __ATOMIC_ACQUIRE);

	find();
	if (!next.c_create)
		return thrd_error;
	void *place = crowded_thread((void *(**)(void *))(void *)&start, &data); /* an int comes back where a pointer does */
	int result = next.c_create(thread, start, data);
	if (result != thrd_success)
		crowded_no_thread(place);
	if (result == thrd_success && is_followed())
		made((uintptr_t)*thread, since, next.stack, &from);
	return result;
}

/* SPDX-License-Identifier: MIT */
/* What libc keeps for its caller: kinds, and what they share. */
#include "handles.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <mqueue.h>
#include <semaphore.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <time.h>

#include "resource_key.h"
#include "loaded.h"
#include "modules.h"
#include "own.h"
#include "real.h"
#include "tail.h"
#include "rules.h"

#define API __attribute__((visibility("default")))

static const struct probe_type types[] = {
	{.name = {"library", 7, 0}, .block = PROBE_BLOCK_SLAB, .initial = 1},
	{.name = {"semaphore", 9, 0}, .block = PROBE_BLOCK_SLAB, .initial = 1},
	{.name = {"timer", 5, 0}, .block = PROBE_BLOCK_SLAB, .initial = 1},
};
static const struct probe_line lines[] = {
	{.symbol = {"dlopen", 6, 0}, .verb = PROBE_CREATE, .type = RESOURCE_LIBRARY_TYPE},
	{.symbol = {"dlopen", 6, 0}, .verb = PROBE_RETAIN, .where = {.base = PROBE_ARG}, .type = RESOURCE_LIBRARY_TYPE},
	{.symbol = {"dlclose", 7, 0}, .verb = PROBE_RELEASE, .type = RESOURCE_LIBRARY_TYPE},
	{.symbol = {"dlmopen", 7, 0}, .verb = PROBE_CREATE, .type = RESOURCE_LIBRARY_TYPE},
	{.symbol = {"dlmopen", 7, 0}, .verb = PROBE_RETAIN, .where = {.base = PROBE_ARG}, .type = RESOURCE_LIBRARY_TYPE},
	{.symbol = {"dlclose", 7, 0}, .verb = PROBE_RELEASE, .type = RESOURCE_LIBRARY_TYPE},
	{.symbol = {"sem_open", 8, 0}, .verb = PROBE_CREATE, .type = RESOURCE_SEMAPHORE_TYPE},
	{.symbol = {"sem_open", 8, 0}, .verb = PROBE_RETAIN, .where = {.base = PROBE_ARG}, .type = RESOURCE_SEMAPHORE_TYPE},
	{.symbol = {"sem_close", 9, 0}, .verb = PROBE_RELEASE, .type = RESOURCE_SEMAPHORE_TYPE},
	{.symbol = {"timer_create", 12, 0}, .verb = PROBE_CREATE, .type = RESOURCE_TIMER_TYPE},
	{.symbol = {"timer_delete", 12, 0}, .verb = PROBE_FINAL, .type = RESOURCE_TIMER_TYPE},
};

static struct {
	int (*dlclose)(void *);
	sem_t *(*sem_open)(const char *, int, ...);
	int (*sem_close)(sem_t *);
	int (*timer_create)(clockid_t, struct sigevent *, timer_t *);
	int (*timer_delete)(timer_t);
	int is_followed;
} next;

void handles_declare(const struct probe_type *type, const struct probe_line *declared, uint32_t first, uint32_t count)
{
	resource_types[declared->type].declared = type;
	resource_types[declared->type].file = "libc";
	for (uint32_t i = 0; i < count; i++) {
		struct resource_probe *p = &resource_probes[first + i];

		p->declared = &declared[i];
		p->file = "libc";
		p->type = declared->type;
		p->status = TRACE_PROBE_HOOKED;
	}
}

void handles_start(void)
{
	if (own_is_musl())
		return;
	handles_declare(&types[0], &lines[0], RESOURCE_LIBRARY_OPEN, 6);
	handles_declare(&types[1], &lines[6], RESOURCE_SEMAPHORE_OPEN, 3);
	handles_declare(&types[2], &lines[9], RESOURCE_TIMER_CREATE, 2);
	next.is_followed = 1;
}

int handles_are_followed(void)
{
	return state.tracing && trace_level(state.header) != TRACE_LEVEL_DISABLED;
}

static int are_followed(void)
{
	return next.is_followed && handles_are_followed();
}

void handles_event(uintptr_t address, uint32_t probe, uint32_t named, uint64_t size, const struct live_caller *from)
{
	struct resource_event event = {.address = address,
				       .verb = resource_probes[probe].declared->verb,
				       .probe = probe,
				       .size = size,
				       .depth = from->sp,
				       .from = *from};
	int saved = errno;

	if (event.verb == PROBE_CREATE) {
		event.is_skipped = !resource_is_chosen();
		resource_publish_one(named);
	}
	if (!event.is_skipped || resource_maybe(address))
		resource_event(&event);
	errno = saved;
}

/* A handle that is given out again for the same thing; `probe` makes it, the next one counts it, the third lets it go.
 * Two threads that open it at once for the first time may count as one. */
static void opened(const void *handle, uint32_t probe, uint64_t size, const struct live_caller *from)
{
	int saved = errno;

	handles_event((uintptr_t)handle, probe + (resource_living((uintptr_t)handle) != 0), probe + 2, size, from);
	errno = saved;
}

/* What was opened unseen is let go unseen. */
static void closed(uintptr_t key, uint32_t probe, const struct live_caller *from)
{
	int saved = errno;

	if (resource_living(key))
		handles_event(key, probe, probe, 0, from);
	errno = saved;
}

/* Where libc looks for a library may hang on who asks, and libc looks at its return address for that. */
int tail_dlopen_is_seen(const char *file, uintptr_t caller)
{
	return are_followed() && file && *file && !strchr(file, '$') && tail_dlopen &&
	       loaded_is_nobody(caller, strchr(file, '/') != 0);
}

void *tail_dlopen_seen(const char *file, int mode)
{
	struct live_caller from = CALLER();
	void *handle = ((void *(*)(const char *, int))tail_dlopen)(file, mode);
	const struct link_map *map = handle;

	if (map && map->l_name && *map->l_name && are_followed())
		opened(map, RESOURCE_LIBRARY_OPEN, 0, &from);
	return handle;
}

int tail_dlmopen_is_seen(const char *file, uintptr_t caller)
{
	if (!tail_dlmopen && real_ready())
		tail_dlmopen = loaded_next("dlmopen");
	return are_followed() && file && *file && !strchr(file, '$') && tail_dlmopen &&
	       loaded_is_nobody(caller, strchr(file, '/') != 0);
}

void *tail_dlmopen_seen(long space, const char *file, int mode)
{
	struct live_caller from = CALLER();
	void *handle = ((void *(*)(long, const char *, int))tail_dlmopen)(space, file, mode);
	const struct link_map *map = handle;

	if (map && map->l_name && *map->l_name && are_followed())
		opened(map, RESOURCE_SPACE_OPEN, 0, &from);
	return handle;
}

API int dlclose(void *handle)
{
	struct live_caller from = CALLER();

	if (!next.dlclose && real_ready())
		next.dlclose = (__typeof__(next.dlclose))real_next("dlclose");
	if (!next.dlclose) /* before glibc 2.34 in a library that may come later */
		next.dlclose = (__typeof__(next.dlclose))loaded_next("dlclose");
	int result = next.dlclose ? next.dlclose(handle) : -1;
	if (!result && are_followed())
		closed((uintptr_t)handle, RESOURCE_LIBRARY_CLOSE, &from);
	modules_changed();
	return result;
}

API sem_t *sem_open(const char *name, int flags, ...)
{
	struct live_caller from = CALLER();
	unsigned mode = 0, value = 0;
	va_list more;

	if (!next.sem_open && real_ready())
		next.sem_open = (__typeof__(next.sem_open))loaded_next("sem_open");
	if (!next.sem_open) {
		errno = ENOSYS;
		return SEM_FAILED;
	}
	va_start(more, flags);
	if (flags & O_CREAT) {
		mode = va_arg(more, unsigned);
		value = va_arg(more, unsigned);
	}
	va_end(more);
	sem_t *semaphore = next.sem_open(name, flags, mode, value);
	if (semaphore != SEM_FAILED && are_followed())
		opened(semaphore, RESOURCE_SEMAPHORE_OPEN, sizeof *semaphore, &from);
	return semaphore;
}

API int sem_close(sem_t *semaphore)
{
	struct live_caller from = CALLER();

	if (!next.sem_close && real_ready())
		next.sem_close = (__typeof__(next.sem_close))loaded_next("sem_close");
	if (!next.sem_close) {
		errno = ENOSYS;
		return -1;
	}
	int result = next.sem_close(semaphore);
	if (!result && are_followed())
		closed((uintptr_t)semaphore, RESOURCE_SEMAPHORE_CLOSE, &from);
	return result;
}

API int timer_create(clockid_t clock, struct sigevent *event, timer_t *timer)
{
	struct live_caller from = CALLER();

	if (!next.timer_create && real_ready())
		next.timer_create = (__typeof__(next.timer_create))loaded_next("timer_create");
	if (!next.timer_create) {
		errno = ENOSYS;
		return -1;
	}
	int result = next.timer_create(clock, event, timer);
	uintptr_t key = result ? 0 : resource_key((uintptr_t)*timer);
	if (key && are_followed())
		handles_event(key, RESOURCE_TIMER_CREATE, RESOURCE_TIMER_DELETE, 0, &from);
	return result;
}

API int timer_delete(timer_t timer)
{
	struct live_caller from = CALLER();
	uintptr_t key = resource_key((uintptr_t)timer);

	if (!next.timer_delete && real_ready())
		next.timer_delete = (__typeof__(next.timer_delete))loaded_next("timer_delete");
	if (!next.timer_delete) {
		errno = ENOSYS;
		return -1;
	}
	/* its number is another one's as soon as it is gone */
	if (key && are_followed())
		closed(key, RESOURCE_TIMER_DELETE, &from);
	return next.timer_delete(timer);
}

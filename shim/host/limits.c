/* SPDX-License-Identifier: MIT */
#include "limits.h"

#include <errno.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/types.h>

#include "area.h"
#include "live.h"
#include "own.h"
#include "slots.h"
#include "state.h"
#include "sys.h"
#include "rules.h"

#define API __attribute__((visibility("default")))
#define GROWTH (16ull << 20) /* of our own tables, beside the trace and */
#define INDEXED 4            /* a byte for so many of the program's (index.h) */
#define PARTS 16             /* of a limit, one is the trace's, as at the start (area.c) */

/* Not wiped by a fork: limits are inherited. */
static struct own_limit {
	int is_set;
	rlim_t soft, hard;   /* the program's */
	rlim_t soft_set, hard_set; /* the kernel's */
} address_space, data;

static struct own_limit *ours(int which)
{
	return which == RLIMIT_AS ? &address_space : which == RLIMIT_DATA ? &data : 0;
}

static long call(pid_t pid, int which, const struct rlimit *new, struct rlimit *old)
{
	return sys_host6(SYS_prlimit64, pid, which, (long)new, (long)old, 0, 0);
}

static rlim_t private_bytes(void)
{
	rlim_t sum = GROWTH;

	for (uint32_t i = 0; i < AREA_PRIVATES; i++)
		sum += area_privates[i].start ? area_privates[i].size : 0;
	return sum;
}

static rlim_t more(rlim_t limit, rlim_t by)
{
	return limit == RLIM_INFINITY || limit + by < limit ? RLIM_INFINITY : limit + by;
}

/* A vfork child's memory is its parent's; a scan may be at it. */
static int is_ours_to_shrink(void)
{
	return state.tracing && state.header && state.header->pid == own_pid() && !live_state.cut;
}

static void shrink(rlim_t left)
{
	uint64_t before = state.reserved;

	if (!is_ours_to_shrink())
		return;
	area_shrink(left);
	slots_shrink(before);
}

/* What is ours, now and when the program has as much as it may. */
static rlim_t own_bytes(int which, rlim_t limit)
{
	return private_bytes() + limit / INDEXED + (which == RLIMIT_AS && state.tracing ? state.reserved : 0);
}

/* Only the mighty raise a hard limit; below it there is as much as may be. */
static long set(pid_t pid, int which, struct own_limit *l)
{
	struct rlimit now, wanted = {l->soft, l->hard};

	if (l->soft != RLIM_INFINITY) {
		shrink(l->soft);
		wanted.rlim_cur = more(l->soft, own_bytes(which, l->soft));
		wanted.rlim_max = more(l->hard, own_bytes(which, l->soft));
	}
	long r = call(pid, which, &wanted, 0);
	if (r == -EPERM && !sys_failed(call(pid, which, 0, &now)) && l->hard <= now.rlim_max) {
		shrink(l->soft / PARTS);
		wanted.rlim_max = now.rlim_max;
		wanted.rlim_cur = more(l->soft, own_bytes(which, l->soft));
		wanted.rlim_cur = wanted.rlim_cur < now.rlim_max ? wanted.rlim_cur : now.rlim_max;
		r = call(pid, which, &wanted, 0);
	}
	l->soft_set = wanted.rlim_cur;
	l->hard_set = wanted.rlim_max;
	l->is_set = !sys_failed(r);
	return r;
}

/* What the program set, unless somebody else changed it since. */
static void as_set(const struct own_limit *l, struct rlimit *limit)
{
	if (!l->is_set || limit->rlim_cur != l->soft_set || limit->rlim_max != l->hard_set)
		return;
	limit->rlim_cur = l->soft;
	limit->rlim_max = l->hard;
}

static int change(pid_t pid, int which, const struct rlimit *new, struct rlimit *old)
{
	struct own_limit *l = pid == 0 || pid == (pid_t)own_pid() ? ours(which) : 0;
	struct own_limit before = l ? *l : (struct own_limit){0};
	long r = 0;

	if (!l || !(state.tracing || before.is_set || private_bytes() > GROWTH)) {
		r = call(pid, which, new, old);
	} else {
		if (old)
			r = call(pid, which, 0, old);
		if (old && !sys_failed(r))
			as_set(&before, old);
		if (new && !sys_failed(r)) {
			struct rlimit wanted = *new;

			if (wanted.rlim_cur > wanted.rlim_max) {
				r = -EINVAL;
			} else {
				*l = (struct own_limit){.soft = wanted.rlim_cur, .hard = wanted.rlim_max};
				r = set(pid, which, l);
				if (sys_failed(r))
					*l = before;
			}
		}
	}
	if (!sys_failed(r))
		return 0;
	errno = (int)-r;
	return -1;
}

/* Both widths are one on this machine; the headers make one name of two. */
API int limits_set(int which, const struct rlimit *limit) __asm__("setrlimit");
API int limits_set64(int which, const struct rlimit *limit) __asm__("setrlimit64");
API int limits_get(int which, struct rlimit *limit) __asm__("getrlimit");
API int limits_get64(int which, struct rlimit *limit) __asm__("getrlimit64");
API int limits_change(pid_t pid, int which, const struct rlimit *new, struct rlimit *old) __asm__("prlimit");
API int limits_change64(pid_t pid, int which, const struct rlimit *new, struct rlimit *old) __asm__("prlimit64");

int limits_set(int which, const struct rlimit *limit)
{
	return change(0, which, limit, 0);
}

int limits_set64(int which, const struct rlimit *limit)
{
	return change(0, which, limit, 0);
}

int limits_get(int which, struct rlimit *limit)
{
	return change(0, which, 0, limit);
}

int limits_get64(int which, struct rlimit *limit)
{
	return change(0, which, 0, limit);
}

int limits_change(pid_t pid, int which, const struct rlimit *new, struct rlimit *old)
{
	return change(pid, which, new, old);
}

int limits_change64(pid_t pid, int which, const struct rlimit *new, struct rlimit *old)
{
	return change(pid, which, new, old);
}

static void restore(int which, const struct own_limit *l, int is_own)
{
	struct rlimit limit = {l->soft, is_own ? l->hard_set : l->hard}, now = {0, 0};

	if (!l->is_set)
		return;
	call(0, which, 0, &now);
	if (is_own && now.rlim_cur == l->soft_set && now.rlim_max == l->hard_set) {
		call(0, which, &limit, 0);
	} else if (!is_own && now.rlim_cur == l->soft) {
		limit = (struct rlimit){l->soft_set, now.rlim_max};
		call(0, which, &limit, 0);
	}
}

/* The soft one: a hard one could not be raised again if the exec fails. */
void limits_exec(void)
{
	int saved = errno;

	restore(RLIMIT_AS, &address_space, 1);
	restore(RLIMIT_DATA, &data, 1);
	errno = saved;
}

void limits_exec_failed(void)
{
	int saved = errno;

	restore(RLIMIT_AS, &address_space, 0);
	restore(RLIMIT_DATA, &data, 0);
	errno = saved;
}

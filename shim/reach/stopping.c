/* SPDX-License-Identifier: MIT */
#include "stopping.h"

#include <fcntl.h>
#include <limits.h>
#include <linux/futex.h>
#include <signal.h>
#include <string.h>
#include <time.h>

#include "blocking.h"
#include "note.h"
#include "own.h"
#include "proc.h"
#include "sys.h"
#include "rules.h"

#define PATIENCE_MS 100
#define STEP_NS 100000
#define FORGOTTEN_SECONDS 2
#define MASK_SIZE 8

/* What the kernel knows of a signal. */
struct disposition {
	uintptr_t handler, flags, restorer;
	uint64_t mask;
};

static struct {
	const struct tasks *tasks;
	uint32_t is_open, arrived;
	int has_shielded;
	struct disposition libc; /* its own of STOPPING_SHIELDED */
} stop;

void stopping_arrive(const struct snapshot_here *here)
{
	uint32_t tid = own_tid();
	struct timespec limit = {FORGOTTEN_SECONDS, 0};

	for (uint32_t i = 0; __atomic_load_n(&stop.is_open, __ATOMIC_ACQUIRE) && i < stop.tasks->count; i++) {
		struct reach_thread *t = &stop.tasks->thread[i];

		if (t->tid != tid || t->sp)
			continue;
		t->words = here->words;
		memcpy(t->word, here->word, sizeof t->word);
		__atomic_store_n(&t->sp, here->sp, __ATOMIC_RELEASE);
		__atomic_fetch_add(&stop.arrived, 1, __ATOMIC_ACQ_REL);
		sys_call6(SYS_futex, (long)&stop.is_open, FUTEX_WAIT_PRIVATE, 1, (long)&limit, 0, 0);
		return;
	}
}

int (*stopping_is_crowded)(uint64_t blocked);

static uint64_t blocked_by(uint32_t tid)
{
	char number[24], text[2048];
	long fd = proc_task_status(note_number(number, (long)tid));
	long n = sys_failed(fd) ? 0 : sys_call3(SYS_read, fd, (long)text, sizeof text - 1);

	if (!sys_failed(fd))
		sys_call3(SYS_close, fd, 0, 0);
	text[n > 0 ? n : 0] = 0;
	const char *at = strstr(text, "\nSigBlk:\t");
	if (!at)
		return ~0ull;
	at += 9;
	return tasks_number(&at, 16);
}

static int is_in(uint64_t set, uint32_t signal)
{
	return (int)(set >> (signal - 1) & 1);
}

static int ask(uint32_t tid, uint32_t signal)
{
	siginfo_t info;

	memset(&info, 0, sizeof info);
	info.si_signo = (int)signal;
	info.si_code = SI_QUEUE;
	info.si_pid = (pid_t)own_pid();
	info.si_uid = (uid_t)sys_call3(SYS_getuid, 0, 0, 0);
	info.si_value.sival_int = STOPPING_MARK;
	return !sys_failed(sys_call6(SYS_rt_tgsigqueueinfo, info.si_pid, tid, (long)signal, (long)&info, 0, 0));
}

/* Of those asked and not yet here, how many are still there? One that was on its way out needs no waiting for. */
static uint32_t count_absent(const struct tasks *tasks, uint32_t self)
{
	long pid = own_pid();
	uint32_t count = 0;

	for (uint32_t i = 0; i < tasks->count; i++)
		if (tasks->thread[i].tid != self && !__atomic_load_n(&tasks->thread[i].sp, __ATOMIC_ACQUIRE))
			count += !sys_failed(sys_call3(SYS_tgkill, pid, tasks->thread[i].tid, 0));
	return count;
}

/* Our handler for the signal that nobody can block, until stopping_end. */
static int shield(uint32_t signal)
{
	struct disposition ours;

	if (stop.has_shielded)
		return 1;
	if (own_is_musl() || sys_failed(sys_call6(SYS_rt_sigaction, signal, 0, (long)&ours, MASK_SIZE, 0, 0)) ||
	    sys_failed(sys_call6(SYS_rt_sigaction, STOPPING_SHIELDED, (long)&ours, (long)&stop.libc, MASK_SIZE, 0, 0)))
		return 0;
	stop.has_shielded = 1;
	return 1;
}

void stopping_pass_on(int number, siginfo_t *info, void *context)
{
	if (stop.libc.handler > 1)
		((void (*)(int, siginfo_t *, void *))stop.libc.handler)(number, info, context);
}

/* A program may have taken it past libc. */
static int is_our_own(uint32_t signal)
{
	struct blocking_action present;

	return !blocking_action_of((int)signal, &present) && present.handler == blocking_own[0];
}

int stopping_begin(struct tasks *tasks, uint32_t self, uint32_t signal)
{
	struct timespec nap = {0, STEP_NS};
	uint32_t asked = 0, blocked = 0;

	if (!signal || !tasks->unstable || !is_our_own(signal))
		return 0;
	stop.tasks = tasks;
	stop.arrived = 0;
	__atomic_store_n(&stop.is_open, 1, __ATOMIC_SEQ_CST);
	for (uint32_t i = 0; i < tasks->count; i++) {
		uint32_t tid = tasks->thread[i].tid;

		if (tid == self || tasks->thread[i].sp)
			continue;
		uint64_t set = tasks->is_foreign ? 0 : blocked_by(tid);

		if (!is_in(set, signal))
			asked += ask(tid, signal);
		else if (!is_in(set, STOPPING_SHIELDED) && !(stopping_is_crowded && stopping_is_crowded(set)) && shield(signal))
			asked += ask(tid, STOPPING_SHIELDED);
		else
			blocked++;
	}
	for (int i = 0; i < PATIENCE_MS * 1000000 / STEP_NS; i++) {
		if (__atomic_load_n(&stop.arrived, __ATOMIC_ACQUIRE) >= asked ||
		    (i % 16 == 15 && count_absent(tasks, self) <= blocked))
			break;
		sys_call3(SYS_nanosleep, (long)&nap, 0, 0);
	}
	tasks->unstable = count_absent(tasks, self);
	return 1;
}

void stopping_end(void)
{
	if (!__atomic_exchange_n(&stop.is_open, 0, __ATOMIC_SEQ_CST))
		return;
	sys_call6(SYS_futex, (long)&stop.is_open, FUTEX_WAKE_PRIVATE, INT_MAX, 0, 0, 0);
	if (stop.has_shielded && !stop.tasks->unstable) { /* else one may still be under way, and would be deadly */
		sys_call6(SYS_rt_sigaction, STOPPING_SHIELDED, (long)&stop.libc, 0, MASK_SIZE, 0, 0);
		stop.has_shielded = 0;
	}
}

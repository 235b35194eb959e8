/* SPDX-License-Identifier: MIT */
/* Follows a program instruction by instruction: see follow.h. */
#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <ucontext.h>

#include "follow.h"
#include "lives.h"

#define CALLBACKS_MOST 64u

enum mode { MODE_FREE, MODE_STEP, MODE_OVER };

struct follow {
	pid_t child;
	struct places *places;
	struct lives *lives;
	pid_t followed; /* 0: none */
	enum mode mode;
	uint64_t back;	    /* MODE_OVER: goes on there */
	uint64_t entered_at; /* and this function is passed; 0: it is only awaited there */
	struct user_regs_struct entry, before;
	enum deed deed;
	const struct insn *insn; /* at `before` */
	uint64_t slots[2];	 /* of the latest jumps through memory, the last one first */
	uint64_t bound;		 /* the slot of a function that is bound as it is called for the first time; 0 */
	unsigned steps;
	bool is_shared; /* there were several threads: nothing is followed any more */
	uint64_t callbacks[CALLBACKS_MOST]; /* functions of libraries that call the program's own */
	unsigned callback_count;
};

int follow_take(pid_t child)
{
	return ptrace(PTRACE_SEIZE, child, NULL, (void *)PTRACE_O_TRACEEXEC) ? -1 : 0;
}

static void set_break(pid_t tid, uint64_t address)
{
	ptrace(PTRACE_POKEUSER, tid, offsetof(struct user, u_debugreg[7]), 0);
	if (!address)
		return;
	ptrace(PTRACE_POKEUSER, tid, offsetof(struct user, u_debugreg[0]), address);
	ptrace(PTRACE_POKEUSER, tid, offsetof(struct user, u_debugreg[7]), 1);
}

static void go_on(pid_t tid, int number)
{
	ptrace(PTRACE_CONT, tid, NULL, (void *)(long)number);
}

static void leave(struct follow *f, pid_t tid)
{
	set_break(tid, 0);
	lives_drop(f->lives);
	f->followed = 0;
	f->mode = MODE_FREE;
}

/* One that is not followed; for good if it never will be again, so that others may trace it. */
static void let_go(const struct follow *f, pid_t tid, int number)
{
	bool is_over = f->is_shared || f->steps > FOLLOW_STEPS;

	ptrace(is_over ? PTRACE_DETACH : PTRACE_CONT, tid, NULL, (void *)(long)number);
}

static void go_to(struct follow *f, pid_t tid, uint64_t back)
{
	f->mode = MODE_OVER;
	f->back = back;
	set_break(tid, back);
	go_on(tid, 0);
}

static bool calls_back(const struct follow *f, uint64_t function)
{
	for (unsigned i = 0; i < f->callback_count; i++)
		if (f->callbacks[i] == function)
			return true;
	return false;
}

/* The function that was entered just now is to be passed. */
static bool is_passed(struct follow *f, const struct user_regs_struct *now)
{
	enum owner_of_code from = places_owner(f->places, f->before.rip), to = places_owner(f->places, now->rip);
	bool is_call = places_is_call(f->insn), is_jump = places_is_jump(f->insn) && from != to;

	if ((!is_call && !is_jump) || to == OWNER_PROGRAM || to == OWNER_STUB || to == OWNER_NONE)
		return false;
	f->deed = places_deed(f->places, now->rip);
	if (f->deed == DEED_JUMP)
		lives_jumped(f->lives);
	if (f->deed == DEED_EXIT)
		lives_ended(f->lives, true);
	f->is_shared |= f->deed == DEED_SHARE;
	if (f->deed == DEED_JUMP || f->deed == DEED_CALLBACK || calls_back(f, now->rip))
		return false;
	return to == OWNER_SYSTEM || (from != OWNER_LIBRARY && !lives_pass(f->lives, now));
}

static void step(struct follow *f, pid_t tid, const struct user_regs_struct *now)
{
	f->insn = places_insn(f->places, now->rip);
	if (!f->insn || !places_may_step(f->places, f->insn) || f->is_shared || f->steps++ > FOLLOW_STEPS || !lives_active(f->lives)) {
		leave(f, tid);
		let_go(f, tid, 0);
		return;
	}
	f->before = *now;
	f->mode = MODE_STEP;
	ptrace(PTRACE_SINGLESTEP, tid, NULL, NULL);
}

static bool has_trap(const struct follow *f, uint64_t set_at)
{
	uint64_t set = 0;

	return set_at && !places_read(f->places, set_at, &set, sizeof(set)) && set >> (SIGTRAP - 1) & 1;
}

/* Is a function about to block or change the signal by which we follow? The kernel would take that back as it sends it. */
static bool is_about_traps(const struct follow *f, enum deed deed, const struct user_regs_struct *now)
{
	switch (deed) {
	case DEED_HANDLER: return (int)now->rdi == SIGTRAP;
	case DEED_MASK: return (int)now->rdi != SIG_UNBLOCK && has_trap(f, now->rsi);
	case DEED_CONTEXT: return has_trap(f, now->rdi + offsetof(ucontext_t, uc_sigmask));
	case DEED_SWAP: return has_trap(f, now->rsi + offsetof(ucontext_t, uc_sigmask));
	case DEED_KERNEL: return now->rdi == SYS_rt_sigprocmask || now->rdi == SYS_rt_sigaction;
	default: return false;
	}
}

static void pass(struct follow *f, pid_t tid, const struct user_regs_struct *now)
{
	uint64_t words[3] = { 0, 0, 0 }, back;

	if (places_read(f->places, now->rsp, words, sizeof(words))) {
		leave(f, tid);
		let_go(f, tid, 0);
		return;
	}
	f->bound = places_owner(f->places, words[0]) == OWNER_NONE ? f->slots[1] : 0; /* the loader has pushed two words */
	back = f->bound ? words[2] : words[0];
	f->deed = f->bound ? places_deed(f->places, f->bound) : f->deed;
	if (is_about_traps(f, f->deed, now)) {
		leave(f, tid);
		let_go(f, tid, 0);
		return;
	}
	if (f->deed == DEED_JUMP) { /* bound as it is called: it does not come back */
		lives_jumped(f->lives);
		step(f, tid, now);
		return;
	}
	f->entry = *now;
	f->entered_at = now->rip;
	lives_call(f->lives, f->deed, now);
	go_to(f, tid, back);
}

/* The shim tells of a block that the thread is about to get. */
static void told(struct follow *f, pid_t tid, const struct user_regs_struct *r)
{
	uint32_t site = (uint32_t)r->rdx;

	if (f->followed == tid)
		lives_note_new(f->lives, r->rdi, r->rsi);
	if ((f->followed && f->followed != tid) || f->is_shared || !r->rcx ||
	    f->steps > FOLLOW_STEPS || !lives_wants(f->lives, site)) {
		if (f->followed == tid && f->mode == MODE_OVER) {
			set_break(tid, f->back);
			go_on(tid, 0);
		} else {
			let_go(f, tid, 0);
		}
		return;
	}
	if (f->followed && f->entered_at && places_owner(f->places, r->rcx) == OWNER_PROGRAM && f->back != r->rcx &&
	    f->callback_count < CALLBACKS_MOST)
		f->callbacks[f->callback_count++] = f->entered_at;
	if (!f->followed)
		places_owner(f->places, r->rcx);
	if (f->followed && f->entered_at && r->r8 > f->entry.rsp + 8) /* what was passed was left otherwise */
		lives_drop(f->lives);
	if (!f->followed)
		lives_resume(f->lives, r->r8);
	f->followed = tid;
	lives_begin(f->lives, r->rdi, r->rsi, site);
	if (f->back != r->rcx || f->mode != MODE_OVER)
		f->entered_at = 0;
	go_to(f, tid, r->rcx);
}

/* The shim tells of a block that is let go. */
static void told_of_end(struct follow *f, pid_t tid, const struct user_regs_struct *r)
{
	if (f->followed)
		lives_gone(f->lives, r->rdi, f->followed == tid);
	if (f->followed == tid && f->mode == MODE_OVER)
		set_break(tid, f->back);
	go_on(tid, 0);
}

static bool is_told(struct follow *f, const struct user_regs_struct *r)
{
	unsigned char code = 0;

	return (r->rax == TRACE_FOLLOW_WORD || r->rax == TRACE_FOLLOW_GONE) &&
	       !places_read(f->places, r->rip - 1, &code, 1) && code == 0xcc &&
	       places_owner(f->places, r->rip) == OWNER_SYSTEM;
}

static void stepped(struct follow *f, pid_t tid, const struct user_regs_struct *now)
{
	uint64_t slot = places_slot(f->insn);

	if (slot) {
		f->slots[1] = f->slots[0];
		f->slots[0] = slot;
	}
	lives_step(f->lives, f->insn, &f->before, now);
	if (lives_active(f->lives) && is_passed(f, now) && !f->is_shared)
		pass(f, tid, now);
	else
		step(f, tid, now);
}

static void came_back(struct follow *f, pid_t tid, const struct user_regs_struct *now)
{
	uint64_t function;

	set_break(tid, 0);
	if (f->entered_at && f->bound && f->deed == DEED_NONE && !places_read(f->places, f->bound, &function, 8)) {
		f->deed = places_deed(f->places, function);
		f->is_shared |= f->deed == DEED_SHARE;
		if (f->deed == DEED_FREE)
			lives_call(f->lives, f->deed, &f->entry);
	}
	if (f->entered_at)
		lives_returned(f->lives, f->deed, &f->entry, now);
	f->entered_at = 0;
	step(f, tid, now);
}

/* A program that steps itself has a handler for it. */
static bool catches_traps(pid_t tid)
{
	char path[64], line[256];
	unsigned long long set = 0;
	FILE *status;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)tid);
	status = fopen(path, "re");
	while (status && fgets(line, sizeof(line), status) && sscanf(line, "SigCgt: %llx", &set) != 1)
		;
	if (status)
		fclose(status);
	return set >> (SIGTRAP - 1) & 1;
}

/* After a call of the kernel a step ends with the code of a breakpoint. */
static bool is_ours(const struct follow *f, pid_t tid, const siginfo_t *info)
{
	bool is_stepped = f->followed == tid && f->mode == MODE_STEP;

	return (info->si_code == TRAP_TRACE && (is_stepped || !catches_traps(tid))) || info->si_code == TRAP_HWBKPT ||
	       (info->si_code == TRAP_BRKPT && is_stepped && places_is_system_call(f->insn));
}

/* A trap. Returns whether it was ours. */
static bool trapped(struct follow *f, pid_t tid)
{
	struct user_regs_struct r;
	siginfo_t info;

	if (ptrace(PTRACE_GETREGS, tid, NULL, &r))
		return false;
	if (is_told(f, &r)) {
		(r.rax == TRACE_FOLLOW_WORD ? told : told_of_end)(f, tid, &r);
		return true;
	}
	if (ptrace(PTRACE_GETSIGINFO, tid, NULL, &info) || !is_ours(f, tid, &info))
		return false;
	if (f->followed == tid && f->is_shared) {
		leave(f, tid);
		let_go(f, tid, 0);
		return true;
	}
	if (f->mode == MODE_STEP) {
		stepped(f, tid, &r);
		return true;
	}
	if (f->mode == MODE_OVER && r.rip == f->back) {
		came_back(f, tid, &r);
		return true;
	}
	set_break(tid, 0); /* of ours, and nobody waits for it any more */
	go_on(tid, 0);
	return true;
}

static void forget(struct follow *f, pid_t tid)
{
	if (f->followed != tid)
		return;
	lives_ended(f->lives, tid == f->child);
	f->followed = 0;
	f->mode = MODE_FREE;
}

/* A signal is on its way to a thread: what it calls is passed. */
static void hand_over(struct follow *f, pid_t tid, int number)
{
	if (f->followed == tid && f->mode == MODE_STEP)
		leave(f, tid);
	go_on(tid, number);
}

/* The process stops with all its threads, or goes on again. */
static void stops(struct follow *f, pid_t tid, int number)
{
	if (f->followed == tid && f->mode == MODE_STEP)
		leave(f, tid);
	if (number == SIGTRAP)
		go_on(tid, 0);
	else
		ptrace(PTRACE_LISTEN, tid, NULL, NULL);
}

static void stopped(struct follow *f, pid_t tid, int status)
{
	int number = WSTOPSIG(status);

	if (status >> 16 == PTRACE_EVENT_STOP) {
		stops(f, tid, number);
		return;
	}
	if (status >> 16) {
		if (status >> 16 == PTRACE_EVENT_EXEC) {
			leave(f, tid);
			places_forget(f->places);
		}
		if (f->followed == tid && f->mode == MODE_STEP)
			ptrace(PTRACE_SINGLESTEP, tid, NULL, NULL);
		else
			go_on(tid, 0);
		return;
	}
	if (number == SIGTRAP && trapped(f, tid))
		return;
	hand_over(f, tid, number);
}

int follow_wait(pid_t child, struct lives **lives)
{
	struct follow *f = calloc(1, sizeof(*f));
	int status = 0, result = 0;

	*lives = NULL;
	if (f) {
		f->child = child;
		f->places = places_open(child);
		f->lives = f->places ? lives_open(f->places) : NULL;
	}
	for (;;) {
		pid_t tid = waitpid(-1, &status, __WALL);

		if (tid < 0 && errno == EINTR)
			continue;
		if (tid < 0)
			break;
		if (WIFSTOPPED(status)) {
			if (f && f->lives)
				stopped(f, tid, status);
			else
				ptrace(PTRACE_DETACH, tid, NULL, NULL);
			continue;
		}
		if (f)
			forget(f, tid);
		if (tid != child)
			continue;
		result = status;
		break;
	}
	if (f) {
		*lives = f->lives;
		if (f->places)
			places_close(f->places);
	}
	free(f);
	return result;
}

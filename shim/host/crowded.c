/* SPDX-License-Identifier: MIT */
/* Whom our signals are kept from, and when. Laws in crowded.h. */
#include "crowded.h"

#include <string.h>
#include <sys/auxv.h>

#include "blocking.h"
#include "crowded_leave.h"
#include "landing.h"
#include "signal_stacks.h"
#include "state.h"
#include "stopping.h"
#include "sys.h"
#include "rules.h"

#define NUMBERS 64
#define FRAMES 8u        /* a stack that has room for so many is none of ours to care for: a handler uses some of it */
#define FRAME_MOST 4096u /* where the kernel does not say how large one is */
#define UNCHANGEABLE (1ull << (SIGKILL - 1) | 1ull << (SIGSTOP - 1) | 7ull << 31)
#define MASK_SIZE 8

uint32_t crowded_on;

/* Not wiped by a fork, for the handlers live on in the child. */
static struct {
	struct crowded_signals signals;
	uint64_t added[NUMBERS + 1]; /* to the masks of handlers */
	int is_staying;
} crowded;

/* A fork wipes this. */
struct crowded_part {
	uint32_t lock; /* of the masks */
};
STATE_PART_FITS(crowded);
#define masks_lock STATE_PART(crowded).lock

static unsigned long frame_size(void)
{
	return getauxval(AT_MINSIGSTKSZ);
}

uint64_t crowded_added(int number)
{
	return number > 0 && number <= NUMBERS ? crowded.added[number] : 0;
}

void crowded_stay(void)
{
	if (!__atomic_exchange_n(&crowded.is_staying, 1, __ATOMIC_RELAXED))
		crowded.signals.stay();
}

static int wants_stack(uintptr_t handler, unsigned long flags)
{
	return flags & SA_ONSTACK && handler > (uintptr_t)SIG_IGN && handler != (uintptr_t)landing_report &&
	       handler != (uintptr_t)landing_fatal;
}

/* Gives one handler of the program the mask that it should have now. */
static void adapt(int number, uint64_t ours)
{
	struct blocking_action action;

	if (blocking_action_of(number, &action))
		return;
	uint64_t own = action.mask & ~crowded.added[number];
	uint64_t mask = wants_stack(action.handler, action.flags) ? own | ours : action.mask;

	if (mask != action.mask) {
		action.mask = mask;
		if (sys_failed(sys_call6(SYS_rt_sigaction, number, (long)&action, 0, MASK_SIZE, 0, 0)))
			return;
	}
	crowded.added[number] = mask & ~own;
}

void crowded_again(void)
{
	if (!crowded_on || !state_lock_unless_mine(&masks_lock)) /* a handler that interrupted this very thread in here */
		return;
	uint64_t ours = crowded.signals.ours();

	for (int number = 1; number <= NUMBERS; number++)
		if (!(1ull << (number - 1) & UNCHANGEABLE))
			adapt(number, ours);
	state_unlock(&masks_lock);
}

static void stack_comes(const stack_t *stack)
{
	unsigned long frame = frame_size();

	if (stack->ss_flags & SS_DISABLE || !crowded.signals.ours)
		return;
	if (stack->ss_size < frame)
		crowded_stay();
	if (stack->ss_size < FRAMES * (frame ? frame : FRAME_MOST) && !crowded_on) {
		__atomic_store_n(&crowded_on, 1, __ATOMIC_SEQ_CST);
		crowded_again();
	}
}

const struct sigaction *crowded_given(int number, const struct sigaction *action, struct sigaction *room)
{
	uint64_t mask;

	if (!crowded_on || !action || number <= 0 || number > NUMBERS || !wants_stack((uintptr_t)action->sa_handler, (unsigned long)action->sa_flags))
		return action;
	*room = *action;
	memcpy(&mask, &room->sa_mask, sizeof mask);
	mask |= crowded.signals.ours() & ~(1ull << (number - 1)); /* no longer ours then */
	memcpy(&room->sa_mask, &mask, sizeof mask);
	return room;
}

void crowded_taken(int number, const struct sigaction *action, uint64_t before, struct sigaction *old)
{
	uint64_t mask;

	if (old) {
		memcpy(&mask, &old->sa_mask, sizeof mask);
		mask &= ~before;
		memcpy(&old->sa_mask, &mask, sizeof mask);
	}
	if (!action)
		return;
	memcpy(&mask, &action->sa_mask, sizeof mask);
	crowded.added[number] = crowded_on && wants_stack((uintptr_t)action->sa_handler, (unsigned long)action->sa_flags)
					? crowded.signals.ours() & ~mask : 0;
}

/* May a thread with this mask be in a handler on such a stack? One that blocks everything by itself is in none but one that does. */
static int may_stand_there(uint64_t blocked)
{
	struct blocking_action action;
	int is_full = (blocked | UNCHANGEABLE) == ~0ull;

	for (int number = 1; crowded_on && number <= NUMBERS; number++) {
		if (!crowded.added[number] || blocking_action_of(number, &action))
			continue;
		uint64_t mask = action.mask | (action.flags & SA_NODEFER ? 0 : 1ull << (number - 1));

		if ((blocked & mask) == mask && (!is_full || (mask | UNCHANGEABLE) == ~0ull))
			return 1;
	}
	return 0;
}

uint64_t crowded_ours(void)
{
	return crowded.signals.ours();
}

void crowded_serve(int number, siginfo_t *info, uintptr_t sp)
{
	crowded.signals.serve(number, info, sp);
}

void crowded_start(const struct crowded_signals *signals)
{
	crowded.signals = *signals;
	stopping_is_crowded = may_stand_there;
	signal_stacks_come = stack_comes;
	crowded_leave_start();
}

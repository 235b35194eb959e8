/* SPDX-License-Identifier: MIT */
/* Prints what sigaction says about SIGUSR1 at the start, after installing an own handler and after
 * taking it back; an interposer must show the program what the program would see without it. */
#include "victim.h"

typedef void (*handler_of)(int);

/* Not declared everywhere, or with a warning. */
extern handler_of set_sysv(int, handler_of) __asm__("__sysv_signal");
extern handler_of set_bsd(int, handler_of) __asm__("bsd_signal");
extern handler_of set_by_set(int, handler_of) __asm__("sigset");

static void own(int number)
{
	(void)number;
}

static void say(const char *when)
{
	struct sigaction now;

	sigaction(SIGUSR1, 0, &now);
	printf("%s: %s\n", when, now.sa_handler == SIG_DFL ? "default" : now.sa_handler == SIG_IGN ?
		"ignored" : now.sa_handler == own ? "own" : "a stranger's");
}

static handler_of before;
static int handled;

/* Hands on to the handler before it. */
static void ours_and_then(int number)
{
	handled++;
	if (before != SIG_DFL)
		before(number);
}

static void hand_on(const char *name, handler_of (*set)(int, handler_of))
{
	before = set(SIGTERM, ours_and_then);
	printf("%s: %s\n", name, before == SIG_DFL ? "default" : "other");
	fflush(stdout);
	raise(SIGTERM);
	printf("handled: %d\n", handled);
	signal(SIGTERM, SIG_DFL);
}

int main(void)
{
	struct sigaction act = {.sa_handler = own}, old;

	say("start");
	sigaction(SIGUSR1, &act, &old);
	printf("old: %s\n", old.sa_handler == SIG_DFL ? "default" : "other");
	say("installed");
	sigaction(SIGUSR1, &old, 0);
	say("restored");
	printf("signal: %s\n", signal(SIGUSR1, own) == SIG_DFL ? "default" : "other");
	printf("signal: %s\n", signal(SIGUSR1, SIG_IGN) == own ? "own" : "other");
	say("ignored");
	hand_on("signal of -std=c99", set_sysv);
	hand_on("bsd_signal", set_bsd);
	hand_on("sigset", set_by_set);
	return 0;
}

/* SPDX-License-Identifier: MIT */
/* Prints what sigaction says about SIGUSR1 at the start, after installing an own handler and after
 * taking it back; an interposer must show the program what the program would see without it. */
#include "victim.h"

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
	return 0;
}

/* SPDX-License-Identifier: MIT */
/* Leaks 10 blocks and owns SIGUSR1 in the manner of argv[1]; prints "ready", then a line for each thing
 * that SIGUSR1 did to it, and ends when its standard input does. */
#include <sys/select.h>
#include "victim.h"

static volatile sig_atomic_t calls;

static void own(int number)
{
	(void)number;
	calls++;
}

static void own_with_info(int number, siginfo_t *info, void *context)
{
	own(number + (info == 0) + (context == 0));
}

static void leak(void)
{
	for (int i = 0; i < 10; i++)
		keep(malloc(100));
}

static void *wait_for_it(void *set)
{
	int number = 0;

	while (sigwait(set, &number) == 0)
		own(number);
	return 0;
}

static void prepare(const char *manner)
{
	static sigset_t usr1;
	struct sigaction act = {.sa_sigaction = own_with_info, .sa_flags = SA_SIGINFO | SA_RESTART};
	pthread_t thread;

	sigaddset(&usr1, SIGUSR1);
	if (!strcmp(manner, "signal"))
		signal(SIGUSR1, own);
	if (!strcmp(manner, "sigaction"))
		sigaction(SIGUSR1, &act, 0);
	if (!strcmp(manner, "ignored"))
		signal(SIGUSR1, SIG_IGN);
	if (!strcmp(manner, "reset")) {
		sigaction(SIGUSR1, &act, 0);
		signal(SIGUSR1, SIG_DFL);
	}
	if (!strcmp(manner, "blocked") || !strcmp(manner, "sigwait"))
		pthread_sigmask(SIG_BLOCK, &usr1, 0);
	if (!strcmp(manner, "sigwait"))
		pthread_create(&thread, 0, wait_for_it, &usr1);
}

int main(int argc, char **argv)
{
	char byte;
	int seen = 0, got = 0;

	prepare(argc > 1 ? argv[1] : "none");
	leak();
	puts("ready");
	fflush(stdout);
	do {
		struct timeval tick = {0, 10000};
		fd_set in;

		FD_ZERO(&in);
		FD_SET(0, &in);
		got = select(1, &in, 0, 0, &tick) > 0 ? (int)read(0, &byte, 1) : 1;
		for (; seen < calls; seen++)
			puts("own handler"), fflush(stdout);
	} while (got > 0);
	puts("over");
	return 0;
}

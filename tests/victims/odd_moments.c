/* SPDX-License-Identifier: MIT */
/* Is asked for reports by SIGUSR1 in moments at which little is allowed (argv[1]), and must go on as if nothing had been.
 * Loses 10 blocks, holds 50, and ends with "done" and the status 7. argv[2]: a library to load. */
#include "holder.h"
#include <dlfcn.h>
#include <limits.h>
#include <sched.h>
#include <sys/time.h>
#include <sys/wait.h>

static void *held[50];
static volatile int stop, asked;

static void ask(void) { asked++; kill(getpid(), SIGUSR1); }
static void on_timer(int number) { (void)number; ask(); }

static void every(int us)
{
	struct sigaction action = {.sa_handler = on_timer, .sa_flags = SA_RESTART};

	sigaction(SIGALRM, &action, 0);
	setitimer(ITIMER_REAL, &(struct itimerval){{0, us}, {0, us}}, 0);
}

static void quiet(void) { setitimer(ITIMER_REAL, &(struct itimerval){{0, 0}, {0, 0}}, 0); }

static void *churn(void *unused)
{
	void *slots[64] = {0};
	unsigned n = 1;

	while (!stop) {
		n = n * 1664525 + 1013904223;
		free(slots[n >> 8 & 63]);
		slots[n >> 8 & 63] = malloc(16 + (n >> 20) % 5000);
	}
	for (int i = 0; i < 64; i++) free(slots[i]);
	return unused;
}

static void in_malloc(void) /* interrupts whatever holds malloc's locks, and ours */
{
	pthread_t t;

	pthread_create(&t, 0, churn, 0);
	every(3000);
	for (int i = 0; i < 400000; i++) free(malloc(16 + i % 3000));
	quiet();
	stop = 1;
	pthread_join(t, 0);
}

static void in_dlopen(const char *library)
{
	every(3000);
	for (int i = 0; i < 300; i++) {
		void *l = dlopen(library, RTLD_NOW);
		if (!l || dlclose(l)) puts("dlopen failed");
	}
	quiet();
}

static void in_fork(void)
{
	every(3000);
	for (int i = 0; i < 100; i++) {
		int status;
		pid_t child = fork();
		if (!child) _exit(i % 5);
		while (waitpid(child, &status, 0) != child) puts("waitpid failed");
		if (WEXITSTATUS(status) != i % 5) puts("another status");
	}
	quiet();
}

static void in_handler(void)
{
	struct sigaction action = {.sa_handler = on_timer};

	sigfillset(&action.sa_mask);
	sigdelset(&action.sa_mask, SIGUSR1); /* it arrives inside the handler */
	sigaction(SIGUSR2, &action, 0);
	for (int i = 0; i < 20; i++) raise(SIGUSR2), usleep(2000);
}

static void *waits(void *unused)
{
	while (!stop) usleep(1000);
	return unused;
}

static void on_small_stack(void)
{
	pthread_attr_t a;
	pthread_t t;

	pthread_attr_init(&a);
	pthread_attr_setstacksize(&a, PTHREAD_STACK_MIN < 16384 ? 16384 : PTHREAD_STACK_MIN);
	pthread_create(&t, &a, waits, 0);
	for (int i = 0; i < 20; i++) asked++, pthread_kill(t, SIGUSR1), usleep(5000);
	stop = 1;
	pthread_join(t, 0);
}

static void *ends(void *how)
{
	puts("done");
	fflush(stdout);
	if (how) raise(SIGTERM);
	exit(7);
}

static void end_on_small_stack(int by_signal)
{
	pthread_attr_t a;
	pthread_t t;

	pthread_attr_init(&a);
	pthread_attr_setstacksize(&a, PTHREAD_STACK_MIN < 16384 ? 16384 : PTHREAD_STACK_MIN);
	pthread_create(&t, &a, ends, by_signal ? &t : 0);
	pthread_join(t, 0);
}

static void with_all_blocked(void)
{
	sigset_t all;

	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, 0);
	for (int i = 0; i < 5; i++) ask();
	puts("ready");
	fflush(stdout);
	usleep(9000000); /* a request finds nobody who takes it */
}

static void in_exit_handler(void) { for (int i = 0; i < 5; i++) ask(), usleep(2000); }
static void __attribute__((destructor)) in_destructor(void) { if (stop == 2) ask(); }

int main(int argc, char **argv)
{
	const char *when = argc > 1 ? argv[1] : "";

	for (int i = 0; i < 50; i++) held[i] = malloc(900 + i);
	for (int i = 0; i < 10; i++) make_hidden();
	scrub();
	if (!strcmp(when, "malloc")) in_malloc();
	if (!strcmp(when, "dlopen")) in_dlopen(argv[2]);
	if (!strcmp(when, "fork")) in_fork();
	if (!strcmp(when, "handler")) in_handler();
	if (!strcmp(when, "small stack")) on_small_stack();
	if (!strcmp(when, "end on small stack")) end_on_small_stack(0);
	if (!strcmp(when, "killed on small stack")) end_on_small_stack(1);
	if (!strcmp(when, "all blocked")) with_all_blocked();
	if (!strcmp(when, "exit")) stop = 2, atexit(in_exit_handler);
	for (int i = 0; i < 50; i++) if (!held[i]) puts("lost one");
	puts("done");
	fflush(stdout);
	return 7;
}

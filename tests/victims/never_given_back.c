/* SPDX-License-Identifier: MIT */
/* Takes COUNT handles from libc in take(), and does with them what argv[1] says. Right: "KIND lost" is one leak with take() in
 * its stack, "KIND held" are reachable, "KIND given back" is nothing to tell of. With "unread" as argv[3] there are 65,536 bytes that a
 * scan by an ordinary user cannot read. */
#include "victim.h"
#include <dlfcn.h>
#include <fcntl.h>
#include <semaphore.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <time.h>

#define COUNT 5

static void *held[COUNT];
static const char *kind, *fate;
static char name[64];

static __attribute__((noinline)) void *take(void)
{
	struct sigevent quiet = {.sigev_notify = SIGEV_NONE};
	timer_t timer = 0;

	if (!strcmp(kind, "library"))
		return dlopen("libm.so.6", RTLD_NOW);
	if (!strcmp(kind, "space"))
		return dlmopen(LM_ID_NEWLM, "libm.so.6", RTLD_NOW);
	if (!strcmp(kind, "pipe"))
		return popen(":", "r");
	if (!strcmp(kind, "semaphore"))
		return sem_open(name, O_CREAT, 0600, 0);
	timer_create(CLOCK_MONOTONIC, &quiet, &timer);
	return timer;
}

static void give_back(void *handle)
{
	if (!strcmp(kind, "library") || !strcmp(kind, "space"))
		dlclose(handle);
	else if (!strcmp(kind, "pipe"))
		pclose(handle);
	else if (!strcmp(kind, "semaphore"))
		sem_close(handle);
	else
		timer_delete(handle);
}

static __attribute__((noinline)) void work(void)
{
	if (!strcmp(kind, "timer"))
		for (int i = 0; i < 77; i++) /* numbers that mean nothing else */
			give_back(take());
	for (int i = 0; i < (strcmp(fate, "once") ? COUNT : 1); i++) {
		void *handle = take();

		if (!strcmp(fate, "held"))
			held[i] = handle;
		if (!strcmp(fate, "given back"))
			give_back(handle);
	}
}

int main(int argc, char **argv)
{
	kind = argc > 1 ? argv[1] : "library";
	fate = argc > 2 ? argv[2] : "lost";
	snprintf(name, sizeof name, "/leakshim-%d", (int)getpid());
	if (argc > 3) {
		char *page = mmap(0, 65536, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		page[0] = 1;
		if (madvise(page, 65536, MADV_DONTFORK) || prctl(PR_SET_DUMPABLE, 0))
			return 1;
	}
	work();
	sem_unlink(name);
	forget();
	return 0;
}

/* SPDX-License-Identifier: MIT */
/* Starts 5 threads in start(), which end at once, and does with them what argv[1] says. Right: "lost", "c11 lost",
 * "own stack lost" and "holder lost" are 5 leaks with start() in their stacks, "held" are 5 threads that are still reachable,
 * and the others are nothing to tell of. */
#include "victim.h"
#include <sys/stat.h>
#include <threads.h>
#include <time.h>

#define COUNT 5
#define STACK (256 * 1024)

static pthread_t held[COUNT];
static const char *how;

static int is(const char *way)
{
	return !strcmp(how, way);
}

static void *work(void *unused)
{
	if (is("detaches itself"))
		pthread_detach(pthread_self());
	if (is("running"))
		pause();
	return unused;
}

static int work_c11(void *unused)
{
	return unused != 0;
}

static void finish(pthread_t thread)
{
	struct timespec until;
	void *result;

	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += 20;
	if (is("joined"))
		pthread_join(thread, &result);
	if (is("detached"))
		pthread_detach(thread);
	if (is("joined in time"))
		pthread_timedjoin_np(thread, &result, &until);
	while (is("joined by trying") && pthread_tryjoin_np(thread, &result))
		usleep(1000);
}

static __attribute__((noinline)) void start(int i)
{
	pthread_attr_t attributes;
	pthread_t thread;
	thrd_t other;

	if (!strncmp(how, "c11", 3)) {
		thrd_create(&other, work_c11, 0);
		if (is("c11 joined"))
			thrd_join(other, 0);
		if (is("c11 detached"))
			thrd_detach(other);
		return;
	}
	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, STACK);
	if (is("own stack lost"))
		pthread_attr_setstack(&attributes, aligned_alloc(4096, STACK), STACK);
	if (is("born detached"))
		pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
	pthread_create(&thread, &attributes, work, 0);
	pthread_attr_destroy(&attributes);
	if (is("held"))
		held[i] = thread;
	if (is("holder lost")) {
		pthread_t *holder = malloc(sizeof *holder);

		*holder = thread;
		keep(holder);
	}
	finish(thread);
}

/* Each has a folder there until the kernel has forgotten it. */
static int others_run(void)
{
	struct stat status;

	return !stat("/proc/self/task", &status) && status.st_nlink > 3;
}

int main(int argc, char **argv)
{
	how = argc > 1 ? argv[1] : "lost";
	for (int i = 0; i < COUNT; i++)
		start(i);
	for (int i = 0; i < 5000 && (is("running") ? !i : others_run()); i++)
		usleep(10000);
	volatile char clean[4096];
	for (size_t i = 0; i < sizeof clean; i++)
		clean[i] = 0;
	return 0;
}

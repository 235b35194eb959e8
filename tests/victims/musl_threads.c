// SPDX-License-Identifier: MIT
// Of another libc: five blocks that nobody points at, made by lose(), one from each thread; what make_held() makes is held on
// a stack, in thread storage, in data and by another block.
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static void **held;
static __thread void *mine;
static sem_t go;
static pthread_barrier_t all;

static __attribute__((noinline)) void *make_held(size_t size)
{
	return memset(malloc(size), 1, size);
}

static __attribute__((noinline)) void lose(size_t size)
{
	void *p = memset(malloc(size), 1, size);

	__asm__ volatile("" : : "r"(p) : "memory");
}

/* Overwrites what calls have left below the caller's frame. */
static __attribute__((noinline)) void wash(void)
{
	volatile char stale[4096];

	for (size_t i = 0; i < sizeof stale; i++)
		stale[i] = 0;
}

static void *work(void *of)
{
	size_t i = (size_t)of;
	void *volatile local = make_held(1000 + i);

	mine = make_held(2000 + i);
	lose(3000 + i);
	for (int k = 0; k < 1000; k++)
		free(realloc(malloc(k + 1), 2 * k + 1));
	wash();
	pthread_barrier_wait(&all);
	while (sem_wait(&go))
		puts("woken");
	free(local);
	free(mine);
	return 0;
}

int main(int argc, char **argv)
{
	pthread_t thread[4];

	(void)argv;
	pthread_barrier_init(&all, 0, 5);
	sem_init(&go, 0, 0);
	held = make_held(sizeof *held);
	*held = make_held(77);
	for (size_t i = 0; i < 4; i++)
		pthread_create(&thread[i], 0, work, (void *)i);
	pthread_barrier_wait(&all);
	lose(3004);
	wash();
	if (argc > 1) {
		puts("ready");
		fflush(stdout);
		if (getchar() != '\n' || poll(0, 0, 200))
			return 1;
	}
	for (size_t i = 0; i < 4; i++)
		sem_post(&go);
	for (size_t i = 0; i < 4; i++)
		pthread_join(thread[i], 0);
	return 7;
}

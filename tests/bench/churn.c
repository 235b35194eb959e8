/* SPDX-License-Identifier: MIT */
/* `churn THREADS PAIRS steady|paths`: each thread makes and frees its share of PAIRS blocks, 20 calls deep.
 * steady: the stack stays, four sites take turns. paths: before every 4 blocks, the innermost 6 calls return
 * and are entered anew on another way, out of 64. At most 128 blocks of 16 to 3,018 bytes live in a thread. */
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LIVE 128
#define DEPTH 20
#define CHANGING 6

struct thread {
	pthread_t id;
	long pairs;
	long done;
	int steady;
	uint32_t seed;
	void *slot[LIVE];
};

static uint32_t next(struct thread *t)
{
	t->seed = t->seed * 1664525u + 1013904223u;
	return t->seed >> 8;
}

/* Three in four are small; the rest is mostly beyond what a thread's own cache in the allocator holds. */
static size_t size(uint32_t r)
{
	return r % 4 ? 16 + (r >> 4) % 500 : 16 + (r >> 4) % 3000;
}

static __attribute__((noinline)) long leaf(struct thread *t, long pairs)
{
	for (long i = 0; i < pairs; i++) {
		uint32_t r = next(t);
		void **slot = &t->slot[r % LIVE];

		free(*slot);
		switch (i & 3) {
		case 0:
			*slot = malloc(size(r));
			break;
		case 1:
			*slot = malloc(size(r) + 1);
			break;
		case 2:
			*slot = malloc(size(r) + 2);
			break;
		default:
			*slot = malloc(size(r) + 3);
		}
		memset(*slot, 1, 8);
	}
	return pairs;
}

/* Two calls for the two values of a bit: two return addresses, thus 2^CHANGING ways down. */
static __attribute__((noinline)) long descend(struct thread *t, int depth, uint32_t way, long pairs)
{
	volatile char frame[32];

	frame[0] = (char)depth;
	if (!depth)
		return leaf(t, pairs) + frame[0];
	if (way & 1)
		return descend(t, depth - 1, way >> 1, pairs) + frame[0] - depth;
	return descend(t, depth - 1, way >> 1, pairs) - frame[0] + depth;
}

static __attribute__((noinline)) long outer(struct thread *t, int depth)
{
	volatile char frame[48];

	frame[0] = 0;
	if (depth)
		return outer(t, depth - 1) + frame[0];
	if (t->steady)
		return descend(t, CHANGING, 21, t->pairs);
	while (t->done < t->pairs)
		t->done += descend(t, CHANGING, next(t), 4);
	return t->done + frame[0];
}

static void *work(void *of)
{
	struct thread *t = of;

	t->done = outer(t, DEPTH - CHANGING);
	for (int i = 0; i < LIVE; i++)
		free(t->slot[i]);
	return 0;
}

int main(int argc, char **argv)
{
	int threads = argc > 3 ? atoi(argv[1]) : 0;
	struct thread *all = calloc((size_t)threads + 1, sizeof *all);
	long done = 0;

	if (threads < 1 || !all)
		return 2;
	for (int i = 0; i < threads; i++) {
		all[i].pairs = atol(argv[2]) / threads;
		all[i].steady = !strcmp(argv[3], "steady");
		all[i].seed = (uint32_t)i;
	}
	for (int i = 1; i < threads; i++)
		if (pthread_create(&all[i].id, 0, work, &all[i]))
			return 2;
	work(&all[0]);
	for (int i = 1; i < threads; i++)
		pthread_join(all[i].id, 0);
	for (int i = 0; i < threads; i++)
		done += all[i].done;
	printf("%ld\n", done);
	free(all);
	return 0;
}

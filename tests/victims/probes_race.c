/* SPDX-License-Identifier: MIT */
/* Two threads retain and release one buffer. "bare" loses changes at the same places in every run, as the threads
 * take turns and one hands on in the midst of a change; "atomic" and "locked" run freely and lose none; "hidden" is
 * right too, but one change in ten comes from a place that nobody follows. */
#include <pthread.h>
#include <semaphore.h>
#include <stdlib.h>
#include <string.h>

struct buf { volatile int count; char data[60]; };
struct buf *buf_new(void);
void buf_retain(struct buf *b), buf_release(struct buf *b);
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static const char *how = "";
static struct buf *shared;
static sem_t turn[2];
static int alone;
static __thread int me, hands_on;

static void hand_on(void)
{
	sem_post(&turn[!me]);
	if (!alone) sem_wait(&turn[me]);
}

__attribute__((noinline)) struct buf *buf_new(void)
{
	struct buf *b = calloc(1, sizeof(*b));
	b->count = 1;
	return b;
}

static void change(struct buf *b, int by)
{
	if (!strcmp(how, "bare")) {
		int now = b->count;
		if (hands_on) hand_on();
		b->count = now + by;
	} else if (!strcmp(how, "locked")) {
		pthread_mutex_lock(&lock);
		b->count += by;
		pthread_mutex_unlock(&lock);
	} else {
		__atomic_add_fetch(&b->count, by, __ATOMIC_SEQ_CST);
	}
}

__attribute__((noinline)) void buf_retain(struct buf *b) { change(b, 1); }
__attribute__((noinline)) void buf_release(struct buf *b) { change(b, -1); }

static void take_turns(void)
{
	sem_wait(&turn[me]);
	for (int i = 0; i < 40; i++) {
		int loses = i % 8 == 7;
		hands_on = loses && me == 0;
		buf_retain(shared);
		hands_on = 0;
		if (loses) buf_retain(shared);
		hand_on();
		if (loses) buf_release(shared);
		buf_release(shared);
		hand_on();
	}
	alone = 1;
	sem_post(&turn[!me]);
}

static void *work(void *number)
{
	me = number != 0;
	if (!strcmp(how, "bare")) {
		take_turns();
		return 0;
	}
	for (int i = 0; i < 60000; i++) {
		for (int k = 0; k < i % 4; k++) buf_retain(shared);
		if (!strcmp(how, "hidden") && i % 10 == 0) change(shared, 1);
		for (int k = 0; k < i % 4; k++) buf_release(shared);
		if (!strcmp(how, "hidden") && i % 10 == 0) change(shared, -1);
	}
	return 0;
}

int main(int argc, char **argv)
{
	pthread_t a, b;
	how = argc > 1 ? argv[1] : "atomic";
	shared = buf_new();
	shared->count = 1000000;
	sem_init(&turn[0], 0, 1);
	sem_init(&turn[1], 0, 0);
	pthread_create(&a, 0, work, 0);
	pthread_create(&b, 0, work, &turn[1]);
	pthread_join(a, 0);
	pthread_join(b, 0);
	free(shared);
	return 0;
}

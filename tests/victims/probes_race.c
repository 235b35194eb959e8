/* SPDX-License-Identifier: MIT */
/* Two threads retain and release one buffer: "bare" loses changes, "atomic" and "locked" do not; "hidden" is right
 * too, but one change in ten comes from a place that nobody follows. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct buf { volatile int count; char data[60]; };
struct buf *buf_new(void);
void buf_retain(struct buf *b), buf_release(struct buf *b);
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static const char *how = "";
static struct buf *shared;
static __thread unsigned seed;

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
		if (rand_r(&seed) % 32 == 0) nanosleep(&(struct timespec){0, 1}, 0); /* in the midst of it, also on one processor */
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

static void *work(void *unused)
{
	for (int i = 0; i < 60000; i++) {
		for (int k = 0; k < i % 4; k++) buf_retain(shared);
		if (!strcmp(how, "hidden") && i % 10 == 0) change(shared, 1);
		for (int k = 0; k < i % 4; k++) buf_release(shared);
		if (!strcmp(how, "hidden") && i % 10 == 0) change(shared, -1);
	}
	return unused;
}

int main(int argc, char **argv)
{
	pthread_t a, b;
	how = argc > 1 ? argv[1] : "atomic";
	shared = buf_new();
	shared->count = 1000000;
	pthread_create(&a, 0, work, 0);
	pthread_create(&b, 0, work, 0);
	pthread_join(a, 0);
	pthread_join(b, 0);
	free(shared);
	return 0;
}

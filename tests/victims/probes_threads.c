/* SPDX-License-Identifier: MIT */
/* Eight threads make, share, retain and release counted buffers; what remains at the end: argv[1]. */
#include <pthread.h>
#include <stdlib.h>

struct buf { int count; char data[60]; };
struct buf *buf_new(void) { struct buf *b = calloc(1, sizeof(*b)); b->count = 1; return b; }
void buf_retain(struct buf *b) { __atomic_add_fetch(&b->count, 1, __ATOMIC_SEQ_CST); }
void buf_release(struct buf *b) { if (!__atomic_sub_fetch(&b->count, 1, __ATOMIC_SEQ_CST)) free(b); }
static struct buf *shared[64];

static void *work(void *seed)
{
	unsigned random = (unsigned)(long)seed;
	for (int i = 0; i < 60000; i++) {
		struct buf *b = buf_new();
		buf_retain(b);
		b = __atomic_exchange_n(&shared[rand_r(&random) % 64], b, __ATOMIC_SEQ_CST);
		if (b) buf_release(b), buf_release(b);
	}
	return 0;
}

int main(int argc, char **argv)
{
	pthread_t t[8];
	for (long i = 0; i < 8; i++) pthread_create(&t[i], 0, work, (void *)(i + 1));
	for (int i = 0; i < 8; i++) pthread_join(t[i], 0);
	for (int i = argc > 1 ? atoi(argv[1]) : 0; i < 64; i++) if (shared[i]) buf_release(shared[i]), buf_release(shared[i]);
	for (int i = 0; i < 64; i++) shared[i] = 0;
	return 0;
}

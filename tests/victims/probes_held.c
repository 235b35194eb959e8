/* SPDX-License-Identifier: MIT */
/* A registry holds buffers by pointers that the program can still reach. How somebody forgot, or not: see main. */
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct buf { int count; char data[60]; };
struct buf *buf_new(void);
void buf_retain(struct buf *b), buf_release(struct buf *b);
static struct buf *first, *second;
static uintptr_t disguised;

__attribute__((noinline)) struct buf *buf_new(void)
{
	struct buf *b = calloc(1, sizeof(*b));
	b->count = 1;
	return b;
}
__attribute__((noinline)) void buf_retain(struct buf *b) { __atomic_add_fetch(&b->count, 1, __ATOMIC_SEQ_CST); }
__attribute__((noinline)) void buf_release(struct buf *b) { if (!__atomic_sub_fetch(&b->count, 1, __ATOMIC_SEQ_CST)) free(b); }

static void *keep(void *b)
{
	pause();
	return b;
}

static void wipe(void) { volatile char deep[4096]; for (unsigned i = 0; i < sizeof deep; i++) deep[i] = 0; }

static void store(const char *what)
{
	struct buf *b = buf_new();

	first = b;
	if (!strcmp(what, "forgotten")) buf_retain(b);                  /* count 2, one pointer */
	if (!strcmp(what, "twice")) buf_retain(b), second = b;          /* count 2, two pointers */
	if (!strcmp(what, "one")) second = b;                           /* count 1, two pointers */
	if (!strcmp(what, "heap")) { struct buf ***box = malloc(16); *(void **)&second = box; box[0] = 0; box[1] = (void *)b; buf_retain(b); }
	if (!strcmp(what, "leaked")) { void **box = malloc(16); *box = b; buf_retain(b); box = 0; } /* the box is the leak */
	if (!strcmp(what, "inside")) buf_retain(b), second = (void *)&b->data[20];
	if (!strcmp(what, "out-of-sight")) b->count++, disguised = ~(uintptr_t)b; /* nobody saw the call */
	if (!strcmp(what, "thread")) { pthread_t t; buf_retain(b); pthread_create(&t, 0, keep, b); usleep(100000); }
}

int main(int argc, char **argv)
{
	store(argc > 1 ? argv[1] : "");
	wipe();
	if (argc > 2) { write(1, "ready\n", 6); for (;;) pause(); }
	return 0;
}

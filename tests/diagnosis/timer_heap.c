/* SPDX-License-Identifier: MIT */
/* answer: error-path|overwritten; in timer_cancel; at the lines between the marks */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef void (*timer_fn)(void *arg);

struct timer {
	unsigned long when;
	timer_fn fn;
	void *arg;
	size_t index;
};

static struct {
	struct timer **heap;
	size_t n, cap;
	unsigned long now;
} loop;

static void swap_at(size_t a, size_t b)
{
	struct timer *t = loop.heap[a];

	loop.heap[a] = loop.heap[b];
	loop.heap[b] = t;
	loop.heap[a]->index = a;
	loop.heap[b]->index = b;
}

static void sift(size_t i)
{
	while (i && loop.heap[i]->when < loop.heap[(i - 1) / 2]->when) {
		swap_at(i, (i - 1) / 2);
		i = (i - 1) / 2;
	}
	for (;;) {
		size_t least = i, l = 2 * i + 1, r = l + 1;

		if (l < loop.n && loop.heap[l]->when < loop.heap[least]->when)
			least = l;
		if (r < loop.n && loop.heap[r]->when < loop.heap[least]->when)
			least = r;
		if (least == i)
			return;
		swap_at(i, least);
		i = least;
	}
}

static struct timer *timer_add(unsigned long in, timer_fn fn, void *arg)
{
	struct timer *t = malloc(sizeof(*t));

	*t = (struct timer){ loop.now + in, fn, arg, loop.n };
	if (loop.n == loop.cap) {
		loop.cap = loop.cap ? loop.cap * 2 : 8;
		loop.heap = realloc(loop.heap, loop.cap * sizeof(*loop.heap));
	}
	loop.heap[loop.n++] = t;
	sift(t->index);
	return t;
}

static void heap_remove(struct timer *t)
{
	size_t i = t->index;

	swap_at(i, --loop.n);
	if (i < loop.n)
		sift(i);
}

static void timer_cancel(struct timer *t) /* <<< */
{
	if (!t)
		return;
	heap_remove(t);
#ifndef FAULT
	free(t);
#endif
} /* >>> */

static void loop_advance(unsigned long to)
{
	loop.now = to;
	while (loop.n && loop.heap[0]->when <= to) {
		struct timer *t = loop.heap[0];

		heap_remove(t);
		t->fn(t->arg);
		free(t);
	}
}

static void loop_end(void)
{
	while (loop.n)
		free(loop.heap[--loop.n]);
	free(loop.heap);
}

static int fired;

static void on_timeout(void *arg)
{
	fired += *(int *)arg;
}

int main(void)
{
	static int weights[5] = { 1, 2, 3, 4, 5 };
	struct timer *pending = NULL;

	for (int i = 0; i < 90; i++) {
		struct timer *t = timer_add((unsigned long)(i * 13 % 17) + 1, on_timeout, &weights[i % 5]);

		if (i % 8 == 5)
			pending = t;
		if (i % 8 == 6) {
			timer_cancel(pending);
			pending = NULL;
		}
		if (i % 8 == 7)
			loop_advance(loop.now + 18);
	}
	loop_end();
	printf("%d\n", fired);
	return 0;
}

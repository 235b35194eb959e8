/* SPDX-License-Identifier: MIT */
/* answer: overwritten; in table_grow; at the lines between the marks */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct entry {
	uint64_t key;
	unsigned count;
	int used;
};

struct table {
	struct entry *slots;
	size_t cap, used;
};

static size_t probe(const struct entry *slots, size_t cap, uint64_t key)
{
	size_t i = (key * 0x9E3779B97F4A7C15ull) >> 20 & (cap - 1);
	while (slots[i].used && slots[i].key != key)
		i = (i + 1) & (cap - 1);
	return i;
}

static int table_grow(struct table *t)
{
	size_t cap = t->cap ? t->cap * 2 : 8;
	struct entry *bigger = calloc(cap, sizeof(*bigger));
	if (!bigger)
		return -1;
	for (size_t i = 0; i < t->cap; i++)
		if (t->slots[i].used)
			bigger[probe(bigger, cap, t->slots[i].key)] = t->slots[i];
#ifndef FAULT
	free(t->slots);
#endif
	t->slots = bigger; /* <<< */
	t->cap = cap; /* >>> */
	return 0;
}

static void table_count(struct table *t, uint64_t key)
{
	if (t->used * 4 >= t->cap * 3 && table_grow(t) < 0)
		return;
	struct entry *e = &t->slots[probe(t->slots, t->cap, key)];
	if (!e->used) {
		e->used = 1;
		e->key = key;
		t->used++;
	}
	e->count++;
}

static unsigned table_max(const struct table *t)
{
	unsigned max = 0;
	for (size_t i = 0; i < t->cap; i++)
		if (t->slots[i].used && t->slots[i].count > max)
			max = t->slots[i].count;
	return max;
}

int main(void)
{
	unsigned sum = 0;
	for (int round = 0; round < 12; round++) {
		struct table t = { 0 };
		uint64_t x = 88172645463325252ull + round;
		for (int i = 0; i < 400; i++) {
			x ^= x << 13;
			x ^= x >> 7;
			x ^= x << 17;
			table_count(&t, x % (20 + round * 10));
		}
		sum += table_max(&t);
		free(t.slots);
	}
	printf("%u\n", sum);
	return 0;
}

/* SPDX-License-Identifier: MIT */
/* answer: owner-freed; in cache_evict; at the lines between the marks */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CAPACITY 12

struct page {
	struct page *prev, *next;
	unsigned number;
	int dirty;
	unsigned char *data;
};

static struct page head = { &head, &head, 0, 0, NULL };
static unsigned count, reads, writes;

static void unlink_page(struct page *p)
{
	p->prev->next = p->next;
	p->next->prev = p->prev;
}

static void push_front(struct page *p)
{
	p->next = head.next;
	p->prev = &head;
	head.next->prev = p;
	head.next = p;
}

static void write_back(struct page *p)
{
	unsigned sum = 0;
	for (int i = 0; i < 64; i++)
		sum += p->data[i];
	writes += sum & 1;
	p->dirty = 0;
}

static void cache_evict(void)
{
	struct page *victim = head.prev;
	unlink_page(victim);
	count--;
	if (victim->dirty) {
		write_back(victim); /* <<< */
#ifdef FAULT
		free(victim);
		return; /* >>> */
#endif
	}
	free(victim->data);
	free(victim);
}

static struct page *cache_get(unsigned number)
{
	for (struct page *p = head.next; p != &head; p = p->next)
		if (p->number == number) {
			unlink_page(p);
			push_front(p);
			return p;
		}
	if (count == CAPACITY)
		cache_evict();
	struct page *p = calloc(1, sizeof(*p));
	p->number = number;
	p->data = malloc(256);
	memset(p->data, (int)number, 256);
	reads++;
	push_front(p);
	count++;
	return p;
}

static void cache_close(void)
{
	while (head.next != &head) {
		struct page *p = head.next;
		unlink_page(p);
		if (p->dirty)
			write_back(p);
		free(p->data);
		free(p);
	}
}

int main(void)
{
	unsigned r = 1;
	for (int i = 0; i < 300; i++) {
		r = r * 1103515245 + 12345;
		struct page *p = cache_get(r >> 16 & 31);
		if (i % 17 == 3) {
			p->data[r & 63]++;
			p->dirty = 1;
		}
	}
	cache_close();
	printf("%u %u\n", reads, writes);
	return 0;
}

/* SPDX-License-Identifier: MIT */
/* answer: owner-freed; in lru_evict; at the lines between the marks */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct link {
	struct link *prev, *next;
};

struct page {
	struct link lru;
	uint32_t number;
	int dirty;
	unsigned char *bytes;
};

struct pager {
	struct link lru;
	unsigned resident, limit;
	unsigned long written;
};

#define container_of(p, type, member) ((type *)((char *)(p) - __builtin_offsetof(type, member)))

static inline void link_del(struct link *l)
{
	l->prev->next = l->next;
	l->next->prev = l->prev;
}

static inline void link_front(struct link *head, struct link *l)
{
	l->next = head->next;
	l->prev = head;
	head->next->prev = l;
	head->next = l;
}

static void page_drop(struct page *p)
{
	free(p->bytes);
	free(p);
}

static void lru_evict(struct pager *pager)
{
	struct page *victim = container_of(pager->lru.prev, struct page, lru);

	link_del(&victim->lru);
	pager->resident--;
	if (victim->dirty) { /* <<< */
		pager->written += victim->bytes[0];
#ifdef FAULT
		free(victim);
#else
		page_drop(victim);
#endif
		return;
	} /* >>> */
	page_drop(victim);
}

static struct page *pager_get(struct pager *pager, uint32_t number)
{
	struct page *page;

	for (struct link *l = pager->lru.next; l != &pager->lru; l = l->next) {
		page = container_of(l, struct page, lru);
		if (page->number == number) {
			link_del(l);
			link_front(&pager->lru, l);
			return page;
		}
	}
	if (pager->resident >= pager->limit)
		lru_evict(pager);
	page = calloc(1, sizeof(*page));
	page->number = number;
	page->bytes = malloc(256);
	memset(page->bytes, (int)number, 256);
	link_front(&pager->lru, &page->lru);
	pager->resident++;
	return page;
}

static void pager_close(struct pager *pager)
{
	while (pager->lru.next != &pager->lru) {
		struct page *page = container_of(pager->lru.next, struct page, lru);

		link_del(&page->lru);
		page_drop(page);
	}
}

int main(void)
{
	struct pager pager = { .limit = 8 };
	unsigned sum = 0;

	pager.lru.prev = pager.lru.next = &pager.lru;
	for (uint32_t i = 0; i < 200; i++) {
		struct page *page = pager_get(&pager, (i * 7) % 31);

		if (i % 9 == 0)
			page->dirty = 1;
		sum += page->bytes[3];
	}
	pager_close(&pager);
	printf("%u %lu\n", sum, pager.written);
	return 0;
}

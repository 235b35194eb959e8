/* SPDX-License-Identifier: MIT */
#include "islands.h"

#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>

#include "poke.h"
#include "sys.h"
#include "rules.h"

#define PAGES 256u
#define PAGE 4096ul
#define ISLAND 16u
#define SLOTS (PAGE / ISLAND)
#define TRIES 16u
#define LOWEST 0x10000ul
#define STACK_ROOM (16ul << 30) /* below the first stack: it may grow there */

struct page {
	uintptr_t start;
	uint64_t used[SLOTS / 64];
};

static struct page pages[PAGES];
static uint32_t pages_used;

/* The first free slot from `low` to `high`, SLOTS: none. */
static uint32_t slot_of(const struct page *p, uintptr_t low, uintptr_t high)
{
	uint32_t i = low > p->start ? (uint32_t)((low - p->start + ISLAND - 1) / ISLAND) : 0;

	while (i < SLOTS && p->start + i * ISLAND <= high && p->used[i / 64] >> i % 64 & 1)
		i++;
	return i < SLOTS && p->start + i * ISLAND <= high ? i : (uint32_t)SLOTS;
}

static struct page *known_page(uintptr_t low, uintptr_t high)
{
	for (uint32_t i = 0; i < pages_used; i++)
		if (pages[i].start + PAGE > low && pages[i].start <= high && slot_of(&pages[i], low, high) < SLOTS)
			return &pages[i];
	return 0;
}

static int is_usable(uintptr_t page)
{
	uintptr_t top = getauxval(AT_EXECFN);

	return page >= LOWEST && page < (1ul << 47) - PAGE && (page >= top || page < top - STACK_ROOM);
}

/* Maps a page at just this address. Kernels before 4.17 take it for a wish. */
static int map_page(uintptr_t at)
{
	long got = sys_call6(SYS_mmap, (long)at, PAGE, PROT_READ | PROT_EXEC,
			     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);

	if (sys_failed(got))
		return -1;
	if ((uintptr_t)got == at)
		return 0;
	sys_call3(SYS_munmap, got, PAGE, 0);
	return -1;
}

static struct page *new_page(uintptr_t low, uintptr_t high)
{
	uintptr_t step = (high - low) / TRIES & ~(PAGE - 1);

	for (uintptr_t at = low & ~(PAGE - 1), i = 0; i < TRIES && at <= high && pages_used < PAGES; i++, at += step ? step : PAGE) {
		struct page *p = &pages[pages_used];

		if (!is_usable(at) || map_page(at))
			continue;
		*p = (struct page){.start = at};
		pages_used++;
		if (slot_of(p, low, high) < SLOTS)
			return p;
	}
	return 0;
}

uintptr_t islands_make(uintptr_t low, uintptr_t high, uintptr_t cell)
{
	uint8_t code[ISLAND] = {0xff, 0x25}; /* jmp *0(%rip) */
	struct page *p = known_page(low, high);
	uint32_t slot;

	if (!p && !(p = new_page(low, high)))
		return 0;
	slot = slot_of(p, low, high);
	memcpy(code + 6, &cell, sizeof cell);
	if (poke_write(p->start + slot * ISLAND, code, sizeof code))
		return 0;
	p->used[slot / 64] |= 1ull << slot % 64;
	return p->start + slot * ISLAND;
}

void islands_drop(uintptr_t cell)
{
	for (uint32_t i = 0; i < pages_used; i++)
		for (uint32_t k = 0; k < SLOTS; k++)
			if (pages[i].used[k / 64] >> k % 64 & 1 &&
			    memcmp((const void *)(pages[i].start + k * ISLAND + 6), &cell, sizeof cell) == 0)
				pages[i].used[k / 64] &= ~(1ull << k % 64);
}

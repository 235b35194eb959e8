/* SPDX-License-Identifier: MIT */
/*
 * Cells and jumps for x86-64. A cell, 64 bytes:
 *   tail     call thunk_tail;              displaced code; jmp entry + displaced
 *   through  push number; jmp thunk_through; displaced code; jmp entry + displaced
 *   at 48    address of the thunk, for cells further away from it than 2 GiB
 *   at 60    number
 */
#include "patch.h"

#include <string.h>
#include <sys/mman.h>

#include "decode.h"
#include "islands.h"
#include "poke.h"
#include "sys.h"
#include "thunk.h"
#include "rules.h"

#define JUMP 5u
#define READ_AHEAD 20u /* bytes that are looked at: the last instruction begins in the first five */
#define FAR_ADDRESS 48u
#define NUMBER 60u

#define ARENAS 64u
#define ARENA_SIZE 65536u
#define REACH 0x7ff00000ll

struct arena {
	uintptr_t start;
	uint32_t used; /* cells ever taken */
	uint32_t cells;
	uint64_t free[THUNK_CELLS / 64]; /* bit set: given back */
};

struct writer {
	uint8_t bytes[THUNK_CELL];
	uintptr_t at; /* address of bytes[0] */
	uint32_t used;
	int failed;
};

static struct arena arenas[ARENAS]; /* [0] are the cells in our own text */
static uint32_t arenas_used;
static int reaches(uintptr_t from, uintptr_t to)
{
	int64_t distance = (int64_t)(to - from);

	return distance < REACH && distance > -REACH;
}

static void put(struct writer *w, const void *bytes, uint32_t size)
{
	if (w->used + size > FAR_ADDRESS) {
		w->failed = 1;
		return;
	}
	memcpy(w->bytes + w->used, bytes, size);
	w->used += size;
}

static void put_byte(struct writer *w, uint32_t byte)
{
	uint8_t b = (uint8_t)byte;

	put(w, &b, 1);
}

static void put_word(struct writer *w, uint32_t word)
{
	put(w, &word, 4);
}

/* A 32-bit displacement from its own end to `target`. */
static void put_distance(struct writer *w, uintptr_t target)
{
	uintptr_t from = w->at + w->used + 4;

	if (!reaches(from, target))
		w->failed = 1;
	put_word(w, (uint32_t)(target - from));
}

static void put_jump(struct writer *w, uintptr_t target)
{
	put_byte(w, 0xe9);
	put_distance(w, target);
}

/* What a call at the old place would leave behind: its return address. A jump follows. */
static void put_return(struct writer *w, uintptr_t back)
{
	static const uint8_t high[] = {0xc7, 0x44, 0x24, 0x04};

	put_byte(w, 0x68);
	put_word(w, (uint32_t)back);
	put(w, high, sizeof(high));
	put_word(w, (uint32_t)(back >> 32));
}

static void put_copy(struct writer *w, uintptr_t from, const struct decode *d)
{
	const uint8_t *code = (const uint8_t *)from;
	uint8_t bytes[16];
	int32_t displacement;

	memcpy(bytes, code, d->length);
	if (d->kind == DECODE_CALL_INDIRECT)
		bytes[d->modrm_at] ^= 0x30; /* call, /2 or /3, becomes jmp, /4 or /5 */
	if (d->rip_at) {
		memcpy(&displacement, code + d->rip_at, 4);
		uintptr_t target = from + d->length + (uintptr_t)(intptr_t)displacement, after = w->at + w->used + d->length;

		displacement = (int32_t)(target - after);
		if (!reaches(after, target))
			w->failed = 1;
		memcpy(bytes + d->rip_at, &displacement, 4);
	}
	put(w, bytes, d->length);
}

static void move_one(struct writer *w, uintptr_t from, const struct decode *d)
{
	uintptr_t target = from + (uintptr_t)d->target;

	switch (d->kind) {
	case DECODE_JUMP:
		put_jump(w, target);
		return;
	case DECODE_BRANCH:
		put_byte(w, 0x0f);
		put_byte(w, 0x80 | d->condition);
		put_distance(w, target);
		return;
	case DECODE_CALL:
		put_return(w, from + d->length);
		put_jump(w, target);
		return;
	case DECODE_CALL_INDIRECT:
		put_return(w, from + d->length);
		put_copy(w, from, d);
		return;
	case DECODE_NOP:
		return;
	default:
		put_copy(w, from, d);
	}
}

static void put_head(struct writer *w, const struct patch_target *t)
{
	uintptr_t thunk = (uintptr_t)(t->through ? thunk_through : thunk_tail);
	int near = reaches(w->at, thunk);

	if (t->through) {
		put_byte(w, 0x68);
		put_word(w, t->number);
	}
	if (near) {
		put_byte(w, t->through ? 0xe9 : 0xe8);
		put_distance(w, thunk);
		return;
	}
	put_byte(w, 0xff);
	put_byte(w, t->through ? 0x25 : 0x15);
	put_word(w, FAR_ADDRESS - (w->used + 4));
	memcpy(w->bytes + FAR_ADDRESS, &thunk, 8);
}

/* Builds the cell that will stand at `cell`. Returns the offset of the displaced code, 0: it
 * cannot be done from there. */
static uint32_t build(struct writer *w, const struct patch_target *t, uintptr_t cell,
		      uint32_t displaced)
{
	uint32_t moved, at = 0;
	int ended = 0;

	memset(w, 0xcc, sizeof(*w));
	w->at = cell;
	w->used = 0;
	w->failed = 0;
	put_head(w, t);
	moved = w->used;
	while (at < displaced) {
		struct decode d = decode_one((const uint8_t *)t->entry + at, 15);

		move_one(w, t->entry + at, &d);
		ended |= decode_ends(&d);
		at += d.length;
	}
	if (!ended)
		put_jump(w, t->entry + displaced);
	memcpy(w->bytes + NUMBER, &t->number, 4);
	return w->failed ? 0 : moved;
}

static unsigned char *take(struct arena *a)
{
	for (uint32_t i = 0; i < (a->used + 63) / 64; i++)
		if (a->free[i]) {
			uint32_t bit = (uint32_t)__builtin_ctzll(a->free[i]);

			a->free[i] &= a->free[i] - 1;
			return (unsigned char *)a->start + (i * 64 + bit) * THUNK_CELL;
		}
	if (a->used == a->cells)
		return 0;
	return (unsigned char *)a->start + a->used++ * THUNK_CELL;
}

/* Maps cells within reach of `address`: first below it, because the heap grows above programs. */
static struct arena *arena_near(uintptr_t address)
{
	for (int64_t step = 1; step < 120; step++) {
		int64_t away = (step & 1 ? -1 : 1) * ((step + 1) / 2) * (32ll << 20);
		uintptr_t hint = (address & ~0xffffful) + (uintptr_t)away;
		struct arena *a = &arenas[arenas_used];
		long at;

		if (arenas_used == ARENAS)
			return 0;
		if ((intptr_t)hint < 0x10000 || hint > (uintptr_t)1 << 47)
			hint = 0x10000 + (uintptr_t)step * 0x10000;
		at = sys_call6(SYS_mmap, (long)hint, ARENA_SIZE, PROT_READ | PROT_EXEC,
			       MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
		if (sys_failed(at))
			continue;
		if (!reaches((uintptr_t)at, address)) {
			sys_call3(SYS_munmap, at, ARENA_SIZE, 0);
			continue;
		}
		a->start = (uintptr_t)at;
		a->cells = ARENA_SIZE / THUNK_CELL;
		arenas_used++;
		return a;
	}
	return 0;
}

static struct arena *arena_of(const void *cell)
{
	for (uint32_t i = 0; i < arenas_used; i++)
		if ((uintptr_t)cell - arenas[i].start < arenas[i].cells * (uintptr_t)THUNK_CELL)
			return &arenas[i];
	return 0;
}

static void give_back(unsigned char *cell)
{
	struct arena *a = arena_of(cell);
	uint32_t i = (uint32_t)(((uintptr_t)cell - a->start) / THUNK_CELL);

	a->free[i / 64] |= 1ull << i % 64;
}

/* A cell from which everything the displaced code names can be reached. */
static unsigned char *place(struct writer *w, const struct patch_target *t, uint32_t displaced,
			    uint32_t *moved)
{
	if (arenas_used == 0)
		arenas[arenas_used++] = (struct arena){.start = (uintptr_t)thunk_cells, .cells = THUNK_CELLS};
	for (uint32_t i = 0; i <= arenas_used; i++) {
		struct arena *a = i < arenas_used ? &arenas[i] : 0;
		unsigned char *cell;

		if (!a && !(a = arena_near(t->entry)))
			return 0;
		if (!reaches(t->entry, a->start) || !(cell = take(a)))
			continue;
		*moved = build(w, t, (uintptr_t)cell, displaced);
		if (*moved)
			return cell;
		give_back(cell);
		if (i >= arenas_used - 1 && a != &arenas[0])
			return 0;
	}
	return 0;
}

/* A jump that leaves the module is somebody else's hook. */
static int leaves_module(const struct patch_target *t)
{
	struct decode d = decode_one((const uint8_t *)t->entry, 15);
	uintptr_t target = t->entry + (uintptr_t)d.target;

	return d.kind == DECODE_JUMP && (target < t->low || target >= t->high);
}

/* Writes a jump, or its first `most` bytes. */
static int write_jump(uintptr_t from, uintptr_t to, uint32_t most)
{
	uint8_t jump[JUMP] = {0xe9};
	int32_t distance = (int32_t)(to - (from + JUMP));

	memcpy(jump + 1, &distance, 4);
	return poke_write(from, jump, most);
}

/* A debugger's breakpoint on a byte that the jump borrows changes where it lands: there it finds an island too. */
static void expect_breakpoints(uintptr_t jump, uintptr_t island, uint32_t own, uintptr_t cell)
{
	uint32_t distance = (uint32_t)(island - (jump + JUMP));

	for (uint32_t i = own; i < JUMP; i++) {
		uint32_t shift = 8 * (i - 1), other = (distance & ~(0xffu << shift)) | 0xccu << shift;
		uintptr_t at = jump + JUMP + (uintptr_t)(intptr_t)(int32_t)other;

		if (!(at >> 47))
			islands_make(at, at, cell);
	}
}

/* The jump's last bytes are what stands behind the `width` bytes of the entry; prefixes that mean nothing shift it. */
static int write_punned(uintptr_t entry, uint32_t width, uintptr_t cell)
{
	uint8_t bytes[JUMP] = {0x2e, 0x2e, 0x2e, 0x2e, 0x2e};

	for (uint32_t prefixes = 0; prefixes + 2 <= width; prefixes++) {
		uintptr_t jump = entry + prefixes, low, island;
		uint32_t own = width - prefixes, distance;

		if (memchr((const void *)(entry + width), 0xcc, JUMP - own))
			continue;
		memcpy(&distance, (const void *)(jump + 1), 4);
		distance &= ~0u << 8 * (own - 1);
		low = jump + JUMP + (uintptr_t)(intptr_t)(int32_t)distance;
		if (low >> 47 || !(island = islands_make(low, low + (1u << 8 * (own - 1)) - 1, cell)))
			continue;
		expect_breakpoints(jump, island, own, cell);
		distance = (uint32_t)(island - (jump + JUMP));
		bytes[prefixes] = 0xe9;
		memcpy(bytes + prefixes + 1, &distance, own - 1);
		return poke_write(entry, bytes, width);
	}
	return -1;
}

static int write_entry(const struct patch_plan *p, uintptr_t entry, uintptr_t cell)
{
	uint8_t near[] = {0xeb, (uint8_t)(p->padding - 2)};

	if (p->width == JUMP)
		return write_jump(entry, cell, JUMP);
	if (p->padding)
		return write_jump(entry + p->padding, cell, JUMP) ? -1 : poke_write(entry, near, sizeof near);
	return write_punned(entry, p->width, cell);
}

const char *patch_install(const struct patch_target *t, struct patch *patch)
{
	struct patch_plan plan;
	struct writer w;
	uint32_t moved;
	const char *reason;

	if (t->entry < t->low || t->entry + READ_AHEAD > t->high)
		return "outside executable memory";
	reason = patch_examine((const uint8_t *)t->entry, t->size, t->room, &plan);
	if (reason)
		return reason;
	if (leaves_module(t))
		return "already hooked by something else";
	patch->cell = place(&w, t, plan.displaced, &moved);
	if (!patch->cell)
		return "no cell within reach";
	patch->entry = t->entry;
	patch->original = (uintptr_t)patch->cell + moved;
	if (poke_write((uintptr_t)patch->cell, w.bytes, THUNK_CELL) == 0 &&
	    write_entry(&plan, t->entry, (uintptr_t)patch->cell) == 0)
		return 0;
	patch_forget(patch);
	patch->cell = 0;
	return plan.width == JUMP || plan.padding ? "code cannot be written" : "too short, and nothing near is free";
}

const char *patch_detour(const struct patch_target *t, struct patch *patch)
{
	struct writer w;
	uint32_t moved;

	patch->cell = place(&w, t, 0, &moved);
	if (!patch->cell)
		return "no cell within reach";
	patch->original = (uintptr_t)patch->cell + moved;
	if (poke_write((uintptr_t)patch->cell, w.bytes, THUNK_CELL) == 0)
		return 0;
	give_back(patch->cell);
	patch->cell = 0;
	return "code cannot be written";
}

void patch_forget(const struct patch *patch)
{
	islands_drop((uintptr_t)patch->cell);
	give_back(patch->cell);
}

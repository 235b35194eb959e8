/* SPDX-License-Identifier: MIT */
/*
 * Cells and jumps for x86-64. A cell, 64 bytes:
 *   tail     call thunk_tail;              displaced code; jmp entry + displaced
 *   through  push number; jmp thunk_through; displaced code; jmp entry + displaced
 *   at 48    address of the thunk, for cells further away from it than 2 GiB
 *   at 60    number
 */
#include "patch.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>

#include "decode.h"
#include "proc.h"
#include "sys.h"
#include "thunk.h"
#include "rules.h"

#define JUMP 5u
#define READ_AHEAD 20u /* bytes that are looked at: the last instruction begins in the first five */
#define FAR_ADDRESS 48u
#define NUMBER 60u
#define SCAN_MOST 65536u /* of one function's body */

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
static int memory = -1;

int patch_begin(void)
{
	long fd = proc_open("mem", O_RDWR);

	memory = sys_failed(fd) ? -1 : (int)fd;
	if (arenas_used == 0) {
		arenas[0].start = (uintptr_t)thunk_cells;
		arenas[0].cells = THUNK_CELLS;
		arenas_used = 1;
	}
	return sys_failed(fd) ? (int)fd : 0;
}

void patch_end(void)
{
	if (memory >= 0)
		sys_call3(SYS_close, memory, 0, 0);
	memory = -1;
}

int patch_peek(uintptr_t from, void *to, size_t size)
{
	if (memory < 0)
		return -1;
	return sys_call6(SYS_pread64, memory, (long)to, (long)size, (long)from, 0, 0) == (long)size
		       ? 0
		       : -1;
}

int patch_write(uintptr_t to, const void *from, size_t size)
{
	uintptr_t page = to & ~4095ul;
	size_t length = ((to + size + 4095) & ~4095ul) - page;

	if (memory >= 0 && sys_call6(SYS_pwrite64, memory, (long)from, (long)size, (long)to, 0, 0) ==
				   (long)size)
		return 0;
	if (sys_failed(sys_call3(SYS_mprotect, (long)page, (long)length,
				 PROT_READ | PROT_WRITE | PROT_EXEC)))
		return -1;
	memcpy((void *)to, from, size);
	sys_call3(SYS_mprotect, (long)page, (long)length, PROT_READ | PROT_EXEC);
	return 0;
}

static int reaches(uintptr_t from, uintptr_t to)
{
	int64_t distance = (int64_t)(to - from);

	return distance < REACH && distance > -REACH;
}

/* Whether a branch in the body leads into the bytes that the jump will cover. Where the body
 * cannot be decoded (tables in the text), every byte is taken for the start of a branch. */
static int branches_back(const uint8_t *code, uint64_t size)
{
	uint64_t i = 0, end = size > SCAN_MOST ? SCAN_MOST : size;
	int lost = 0;

	while (i < end) {
		struct decode d = decode_one(code + i, end - i > 15 ? 15 : (uint32_t)(end - i));
		int relative = d.kind == DECODE_JUMP || d.kind == DECODE_BRANCH ||
			       d.kind == DECODE_LOOP || d.kind == DECODE_CALL;

		if (relative && (int64_t)i + d.target > 0 && (int64_t)i + d.target < JUMP)
			return 1;
		lost |= d.kind == DECODE_BAD;
		i += lost ? 1 : d.length;
	}
	return 0;
}

const char *patch_examine(const uint8_t *code, uint64_t size, uint32_t *displaced,
			  uint32_t *boundaries)
{
	uint32_t at = 0;
	int ended = 0;

	*boundaries = 0;
	if (code[0] == 0xcc)
		return "breakpoint at the entry";
	while (at < JUMP) {
		/* behind the end of a short function there is only padding up to the next one */
		struct decode d = decode_one(code + at, 15);

		if (d.kind == DECODE_BAD)
			return "unknown instruction";
		if (d.kind == DECODE_LOOP)
			return "loop instruction in the entry";
		if (d.kind == DECODE_CALL_INDIRECT)
			return "indirect call in the entry";
		if ((ended || at >= size) && d.kind != DECODE_NOP)
			return "too short";
		if ((d.kind == DECODE_JUMP || d.kind == DECODE_BRANCH) && (int64_t)at + d.target > 0 &&
		    (int64_t)at + d.target < JUMP)
			return "branch into the entry";
		*boundaries |= 1u << at;
		ended |= decode_ends(&d);
		at += d.length;
	}
	*displaced = at;
	return branches_back(code, size) ? "branch into the entry" : 0;
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

/* What a call at the old place would leave behind: its return address, then the jump. */
static void put_call(struct writer *w, uintptr_t target, uintptr_t back)
{
	static const uint8_t high[] = {0xc7, 0x44, 0x24, 0x04};

	put_byte(w, 0x68);
	put_word(w, (uint32_t)back);
	put(w, high, sizeof(high));
	put_word(w, (uint32_t)(back >> 32));
	put_jump(w, target);
}

static void move_one(struct writer *w, uintptr_t from, const struct decode *d)
{
	const uint8_t *code = (const uint8_t *)from;
	uintptr_t target = from + (uintptr_t)d->target;
	int32_t displacement;

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
		put_call(w, target, from + d->length);
		return;
	case DECODE_NOP:
		return;
	default:
		break;
	}
	if (!d->rip_at) {
		put(w, code, d->length);
		return;
	}
	memcpy(&displacement, code + d->rip_at, 4);
	target = from + d->length + (uintptr_t)(intptr_t)displacement;
	displacement = (int32_t)(target - (w->at + w->used + d->length));
	if (!reaches(w->at + w->used + d->length, target))
		w->failed = 1;
	put(w, code, d->rip_at);
	put(w, &displacement, 4);
	put(w, code + d->rip_at + 4, d->length - d->rip_at - 4u);
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

const char *patch_install(const struct patch_target *t, struct patch *patch)
{
	struct writer w;
	uint32_t displaced, boundaries, moved;
	uint8_t jump[JUMP] = {0xe9};
	int32_t distance;
	const char *reason;

	if (t->entry < t->low || t->entry + READ_AHEAD > t->high)
		return "outside executable memory";
	reason = patch_examine((const uint8_t *)t->entry, t->size, &displaced, &boundaries);
	if (reason)
		return reason;
	if (leaves_module(t))
		return "already hooked by something else";
	patch->cell = place(&w, t, displaced, &moved);
	if (!patch->cell)
		return "no cell within reach";
	patch->entry = t->entry;
	patch->original = (uintptr_t)patch->cell + moved;
	distance = (int32_t)((uintptr_t)patch->cell - (t->entry + JUMP));
	memcpy(jump + 1, &distance, 4);
	if (patch_write((uintptr_t)patch->cell, w.bytes, THUNK_CELL) != 0 ||
	    patch_write(t->entry, jump, JUMP) != 0) {
		give_back(patch->cell);
		return "code cannot be written";
	}
	return 0;
}

const char *patch_detour(const struct patch_target *t, struct patch *patch)
{
	struct writer w;
	uint32_t moved;

	patch->cell = place(&w, t, 0, &moved);
	if (!patch->cell)
		return "no cell within reach";
	patch->original = (uintptr_t)patch->cell + moved;
	if (patch_write((uintptr_t)patch->cell, w.bytes, THUNK_CELL) == 0)
		return 0;
	give_back(patch->cell);
	patch->cell = 0;
	return "code cannot be written";
}

void patch_forget(const struct patch *patch)
{
	give_back(patch->cell);
}

/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_CFI_BYTES_H
#define LEAKSHIM_CFI_BYTES_H
/*
 * Reading DWARF numbers from memory that may be damaged.
 *
 * A cursor never leaves its range; after a read beyond it, is_bad stays set and every
 * read gives 0. Callers check once, at the end of what they read.
 * Context: pure; private to cfi.c and cfi_expression.c.
 */
#include <string.h>
#include "cfi.h"

struct cfi_bytes {
	const unsigned char *at, *end;
	int is_bad;
};

/* Bytes from `address` to the end of the segment it lies in; bad at once if in none. */
static inline struct cfi_bytes bytes_open(const struct cfi_source *source, uintptr_t address)
{
	for (uint32_t i = 0; i < source->ranges; i++)
		if (address >= source->range[i].low && address < source->range[i].high)
			return (struct cfi_bytes){(const unsigned char *)address,
						  (const unsigned char *)source->range[i].high, 0};
	return (struct cfi_bytes){NULL, NULL, 1};
}

/* Shortens the range to `size` bytes from here. */
static inline void bytes_cut(struct cfi_bytes *b, uint64_t size)
{
	if (b->is_bad || size > (uint64_t)(b->end - b->at))
		b->is_bad = 1;
	else
		b->end = b->at + size;
}

static inline void bytes_skip(struct cfi_bytes *b, uint64_t size)
{
	if (b->is_bad || size > (uint64_t)(b->end - b->at))
		b->is_bad = 1;
	else
		b->at += size;
}

static inline uint64_t bytes_unsigned(struct cfi_bytes *b, unsigned size)
{
	uint64_t value = 0;

	if (b->is_bad || (uint64_t)(b->end - b->at) < size) {
		b->is_bad = 1;
		return 0;
	}
	memcpy(&value, b->at, size);
	b->at += size;
	return value;
}

static inline int64_t bytes_signed(struct cfi_bytes *b, unsigned size)
{
	unsigned unused = 64 - 8 * size;

	return (int64_t)(bytes_unsigned(b, size) << unused) >> unused;
}

static inline uint64_t bytes_uleb(struct cfi_bytes *b)
{
	uint64_t value = 0;

	for (unsigned shift = 0;; shift += 7) {
		uint64_t byte = bytes_unsigned(b, 1);

		if (shift < 64)
			value |= (byte & 0x7f) << shift;
		if (!(byte & 0x80))
			return value;
	}
}

static inline int64_t bytes_sleb(struct cfi_bytes *b)
{
	uint64_t value = 0, byte;
	unsigned shift = 0;

	do {
		byte = bytes_unsigned(b, 1);
		if (shift < 64)
			value |= (byte & 0x7f) << shift;
		shift += 7;
	} while (byte & 0x80);
	if (shift < 64 && (byte & 0x40))
		value |= ~0ull << shift;
	return (int64_t)value;
}

/* A pointer in one of the DW_EH_PE encodings without indirection. `data` is the base of
 * data-relative ones. */
static inline uint64_t bytes_pointer(struct cfi_bytes *b, unsigned encoding, uintptr_t data)
{
	uint64_t base = 0;

	switch (encoding & 0x70) {
	case 0x00: break;
	case 0x10: base = (uintptr_t)b->at; break;
	case 0x30: base = data; break;
	default: b->is_bad = 1; return 0;
	}
	switch (encoding & 0x0f) {
	case 0x00: return base + bytes_unsigned(b, 8);
	case 0x01: return base + bytes_uleb(b);
	case 0x02: return base + bytes_unsigned(b, 2);
	case 0x03: return base + bytes_unsigned(b, 4);
	case 0x04: return base + bytes_unsigned(b, 8);
	case 0x09: return base + (uint64_t)bytes_sleb(b);
	case 0x0a: return base + (uint64_t)bytes_signed(b, 2);
	case 0x0b: return base + (uint64_t)bytes_signed(b, 4);
	case 0x0c: return base + bytes_unsigned(b, 8);
	default: b->is_bad = 1; return 0;
	}
}

/* cfi.c: the row that holds at pc. 1: found, 0: no information, -1: damaged. */
int cfi_find_row(const struct cfi_source *source, uintptr_t pc, int is_exact,
		 struct cfi_work *work);

#endif

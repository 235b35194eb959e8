/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_LAYOUT_H
#define LEAKSHIM_LAYOUT_H
/*
 * How the areas of the trace lie in chunks, and the one way to an element.
 */
#include <stdint.h>
#include "trace.h"

#define AREA_CHUNKS 65536u /* chunks an area can have */

/* Elements a chunk of each area holds, as a power of two. */
enum area_shift {
	AREA_SHIFT_TEXT = 15,
	AREA_SHIFT_MODULE = 8,
	AREA_SHIFT_THREAD = 9,
	AREA_SHIFT_NODE = 12,
	AREA_SHIFT_SITE = 11,
	AREA_SHIFT_BLOCK = 13,
	AREA_SHIFT_PENDING = 10,
	AREA_SHIFT_MISMATCH = 8,
	AREA_SHIFT_TYPE = 6,
	AREA_SHIFT_PROBE = 7,
	AREA_SHIFT_RESOURCE = 9,
	AREA_SHIFT_RECORD = 11,
	AREA_SHIFT_FINDING = 6,
	AREA_SHIFT_PROBLEM = 9,
	AREA_SHIFT_SCAN = 6,
	AREA_SHIFT_VERDICT = 14,
	AREA_SHIFT_HINT = 8,
	AREA_SHIFT_SHARED = 11,
	AREA_SHIFT_UNREAD = 6,
	AREA_SHIFT_JAVA_VM = 4,
	AREA_SHIFT_JAVA_FRAME = 10,
	AREA_SHIFT_JAVA_OBJECT = 9,
	AREA_SHIFT_JAVA_HOLD = 10,
	AREA_SHIFT_RELEASE = 8,
	AREA_SHIFT_PARTED = 6,
	AREA_SHIFT_FOCUS = 7,
	AREA_SHIFT_PYTHON = 8
};

struct area {
	unsigned char **chunk; /* [ordinal] -> first element, 0: not there yet */
	uint64_t ready;        /* elements whose pages are present */
	uint32_t element;
	uint32_t shift;
};

/* Defines `struct trace_type *name(uint32_t i)`: element i of an area, which must exist. Needs `state`. */
#define AREA_ELEMENT(name, type, AREA)                                                                       \
	static inline struct type *name(uint32_t i)                                                          \
	{                                                                                                    \
		return (struct type *)state.areas[TRACE_AREA_##AREA].chunk[i >> AREA_SHIFT_##AREA] +         \
		       (i & ((1u << AREA_SHIFT_##AREA) - 1));                                                \
	}
#endif

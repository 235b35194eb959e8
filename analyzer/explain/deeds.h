/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_DEEDS_H
#define LEAKSHIM_DEEDS_H
/*
 * What a function does with the members of structures, by the types that its debug information tells: which it loads and hands
 * on, which it stores to, and of what type the values are that it passes to calls.
 *
 * 1. One look along the code, without following ways: what is done on one way only is a deed as well.
 * 2. Without debug information there are no types, and no deeds.
 * 3. Types and members are known by the numbers of image.h.
 */
#include "explain_private.h"
#include "image.h"

struct slot {
	uint64_t in, offset; /* of struct image_member; in 0: none */
};
#define SLOT_ANY UINT64_MAX /* in: some member of something */

/* What a register or a variable holds. */
struct holding {
	uint64_t type;	  /* leads to something of this type; 0: not known */
	int64_t offset;	  /* behind its beginning */
	uint64_t to_pointer; /* or: to a variable that is a pointer to such */
	struct slot from; /* where it was loaded */
	uint8_t argument; /* 1 + number of the function's argument that it is; 0: none */
};

enum deed_kind {
	DEED_LOADED, /* of: where */
	DEED_STORED, /* there */
	DEED_MOVED,  /* what was loaded there is put elsewhere, or given back */
	DEED_PASSED, /* to a call */
	DEED_CALLED
};

struct deed {
	enum deed_kind kind;
	uint64_t at, next; /* addresses of the instruction, and behind it */
	struct slot of;
	struct image_member member; /* of LOADED and STORED */
	struct holding what; /* of PASSED */
	uint8_t argument;  /* of PASSED: from 0 */
	bool is_left;	   /* of PASSED and CALLED: by a jump */
	uint64_t callee;   /* in the program; 0 */
	const char *import;
};

struct deeds {
	const struct function *function;
	const struct deed *list;
	unsigned count;
	struct deeds *next;
};

/* Never 0. The function around an address. */
const struct deeds *deeds_of(struct work *w, uint64_t address);

static inline bool slot_is(struct slot a, struct slot b)
{
	return a.in && a.in == b.in && a.offset == b.offset;
}
#endif

/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_CLASS_FILE_CODE_H
#define LEAKSHIM_CLASS_FILE_CODE_H
/*
 * The code of one method, with calls put in. Shared by class_file.c, class_file_code.c (its instructions) and class_file_attributes.c (what names
 * places in it), nobody else. All numbers of class
 * files are big-endian.
 */
#include "class_file.h"

#define CLASS_HOOKS_OF_ONE 8u

/* What is being written. Once it is full, nothing more is. */
struct class_out {
	uint8_t *at;
	size_t used, room;
	int is_full;
};

/* Numbers of the constants that were added. */
struct class_refs {
	uint16_t text, map, id, turn, op, make, on, used;
};

struct class_work {
	uint32_t *places; /* of constants; from 65536 on: new offsets of instructions, CLASS_NOWHERE between them */
	const struct class_file *file;
	struct class_refs refs;
	uint32_t major;
	/* of the method at hand */
	struct class_hook **hooks;
	uint32_t hook_count, flags;
	const uint8_t *type; /* its descriptor */
	uint32_t type_size;
	int is_constructor;
	const char *why;
};
#define CLASS_NOWHERE 0xffffffffu

static inline uint16_t class_u2(const uint8_t *at)
{
	return (uint16_t)(at[0] << 8 | at[1]);
}
static inline uint32_t class_u4(const uint8_t *at)
{
	return (uint32_t)class_u2(at) << 16 | class_u2(at + 2);
}

static inline void class_put(struct class_out *o, const void *from, size_t size)
{
	if (size > o->room - o->used) {
		o->is_full = 1;
		return;
	}
	__builtin_memcpy(o->at + o->used, from, size);
	o->used += size;
}
static inline void class_put1(struct class_out *o, uint32_t value)
{
	uint8_t bytes[1] = {(uint8_t)value};

	class_put(o, bytes, 1);
}
static inline void class_put2(struct class_out *o, uint32_t value)
{
	uint8_t bytes[2] = {(uint8_t)(value >> 8), (uint8_t)value};

	class_put(o, bytes, 2);
}
static inline void class_put4(struct class_out *o, uint32_t value)
{
	class_put2(o, value >> 16);
	class_put2(o, value & 0xffff);
}
static inline void class_set2(struct class_out *o, size_t at, uint32_t value)
{
	if (o->is_full)
		return;
	o->at[at] = (uint8_t)(value >> 8);
	o->at[at + 1] = (uint8_t)value;
}
static inline void class_set4(struct class_out *o, size_t at, uint32_t value)
{
	class_set2(o, at, value >> 16);
	class_set2(o, at + 2, value & 0xffff);
}

/* Writes the contents of a Code attribute of `size` bytes with the calls that w names. Returns 0, or -1 with w->why. */
int class_code(struct class_out *o, struct class_work *w, const uint8_t *code, uint32_t size);

#define CLASS_ENTRY_MAX 512u

/* The code of one method on its way. */
struct class_move {
	struct class_out *o;
	struct class_work *w;
	const uint8_t *code; /* old instructions */
	uint32_t size;
	uint32_t *to; /* [old offset]: where the instruction, or what was put before it, is now */
	struct class_out entry;
	uint8_t entry_bytes[CLASS_ENTRY_MAX];
	uint32_t frames[CLASS_HOOKS_OF_ONE]; /* in the entry: places behind a skipped call */
	uint32_t frame_count;
	uint32_t at_return; /* bytes put before each return */
	uint32_t new_size;
	size_t start; /* of the new instructions in o */
};

static inline int class_refuse(struct class_move *m, const char *why)
{
	if (!m->w->why)
		m->w->why = why;
	return -1;
}

/* A place in the code, the end included. */
static inline int class_place(struct class_move *m, uint32_t old, uint32_t *now)
{
	if (old > m->size || m->to[old] == CLASS_NOWHERE)
		return class_refuse(m, "it names a place inside an instruction");
	*now = m->to[old];
	return 0;
}

static inline void class_put_ref(struct class_out *e, uint32_t op, uint32_t ref)
{
	class_put1(e, op);
	class_put2(e, ref);
}

/* Line numbers, variables and stack maps of the code, from the count in front of them to `end`. Returns 0 or -1. */
int class_attributes(struct class_move *m, const uint8_t *at, const uint8_t *end);
#endif

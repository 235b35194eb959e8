/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_PROBE_FILE_H
#define LEAKSHIM_PROBE_FILE_H
/*
 * Probe files: which functions of a library make, retain, release and touch which resource.
 * Compiled into the shim, which obeys them, and into the analyzer, which checks them.
 *
 *   file = { line } ;  '#' starts a comment ;  fields are separated by blanks
 *   line = "type" NAME [ lib=GLOB ] [ count=FMT@OFF ] [ initial=N ] [ static=N ]
 *                      [ block=own|slab|heap|any ] [ role=object|container ]
 *        | VERB SYMBOL LOC [ if=COND ] [ stack=N ] [ size=LOC ]    of the type above it
 *   VERB = create | retain | sink | release | final | touch | move | adopt
 *   LOC  = ret | arg0..arg5 | stk0..stk63 | "[" LOC [ "+" N ] "]"   a load from LOC + N
 *   SYMBOL = a linker name, or a C++ name as it is written: Packet::release, Pool<int>::take, push(int); without
 *            parameters all overloads, without template arguments all instances
 *   NAME = a word; "*" has only touch and move lines, for a resource of any type
 *   FMT  = u32 | i32 | u64 | neg32
 *   COND = LOC ( "==" | "!=" | "&" | ">=" ) N                       ">=" compares as int32
 *
 * 1. A mistake costs its line and nothing else: it is reported as file:line:col and the
 *    parser goes on.
 * 2. Nothing is allocated and nothing of libc is called but memcpy and memcmp: names point
 *    into the text, which must live as long as the set.
 * 3. Locations are physical registers: with a hidden pointer for a returned structure, arg0
 *    is that pointer. create and adopt are evaluated after the call (arguments as they were
 *    at its entry), the other verbs before it. A null pointer at any load means "no event".
 *
 * Context: any, also before main.
 */
#include <stddef.h>
#include <stdint.h>

#define PROBE_FILE_MAX 1024u  /* probe lines of one file */
#define PROBE_TYPES_MAX 256u  /* types of one file */
#define PROBE_LOADS 3u        /* "[" levels of a location */
#define PROBE_STACK_WORDS 16u /* words of stack arguments passed on to a function whose return value is needed */
#define PROBE_STACK_MAX 64u
#define PROBE_STATIC_BELOW 4096u

enum probe_verb {
	PROBE_NONE = 0,
	PROBE_CREATE = 1,
	PROBE_RETAIN = 2,
	PROBE_SINK = 3,
	PROBE_RELEASE = 4,
	PROBE_FINAL = 5,
	PROBE_TOUCH = 6,
	PROBE_MOVE = 7,
	PROBE_ADOPT = 8,
	PROBE_VERBS = 9
};

enum probe_base {
	PROBE_RET = 0,
	PROBE_ARG = 1,
	PROBE_STK = 2
};

enum probe_format {
	PROBE_COUNT_NONE = 0,
	PROBE_COUNT_U32 = 1,
	PROBE_COUNT_I32 = 2,
	PROBE_COUNT_U64 = 3,
	PROBE_COUNT_NEG32 = 4 /* counts downwards from -1 */
};

enum probe_block {
	PROBE_BLOCK_ANY = 0,
	PROBE_BLOCK_OWN = 1,  /* a resource is a malloc block of its own and ends with it */
	PROBE_BLOCK_SLAB = 2, /* carved from larger blocks, or recycled */
	PROBE_BLOCK_HEAP = 3  /* like own, perhaps behind a head; others of the type are not followed */
};

enum probe_compare {
	PROBE_ALWAYS = 0,
	PROBE_EQUAL = 1,
	PROBE_UNEQUAL = 2,
	PROBE_BITS = 3,
	PROBE_AT_LEAST = 4
};

/* Of several lost resources that lead to one another, one is told of: what only holds others comes last. */
enum probe_role {
	PROBE_ROLE_OBJECT = 0,
	PROBE_ROLE_CONTAINER = 1
};

/* A piece of the parsed text. */
struct probe_word {
	const char *at;
	uint32_t size;
	uint32_t column; /* from 1 */
};

struct probe_location {
	uint8_t base;  /* enum probe_base */
	uint8_t index; /* of the register or stack word */
	uint8_t loads; /* how many loads follow */
	int32_t offset[PROBE_LOADS];
};

struct probe_condition {
	uint8_t compare; /* enum probe_compare */
	struct probe_location where;
	uint64_t value;
};

struct probe_type {
	struct probe_word name;
	struct probe_word library; /* glob with * and ?; size 0: any module */
	int64_t initial;           /* count of a new one */
	uint64_t static_below;     /* object addresses below it are not objects */
	int32_t count_offset;
	uint8_t count_format; /* enum probe_format */
	uint8_t block;        /* enum probe_block */
	uint8_t role;         /* enum probe_role */
	uint16_t verbs;       /* bit v: a line with enum probe_verb v was read */
	uint32_t line;
};

struct probe_line {
	struct probe_word symbol;
	struct probe_location where;
	struct probe_location size;
	struct probe_condition condition;
	uint32_t type; /* index into types */
	uint32_t line;
	uint8_t verb; /* enum probe_verb */
	uint8_t stack_words;
	uint8_t has_size;
};

/* What a file says. The caller owns both arrays and sets their lengths beforehand. */
struct probe_set {
	struct probe_type *types;
	struct probe_line *probes;
	uint32_t types_max, probes_max;
	uint32_t types_used, probes_used;
	uint32_t errors, warnings;
};

enum probe_gravity {
	PROBE_WARNING = 0,
	PROBE_ERROR = 1
};

/* One message, without file name and without a newline, ends with 0. */
typedef void probe_reporter(void *context, uint32_t line, uint32_t column,
			    enum probe_gravity gravity, const char *text);

/* Reads `text` into `set`, replacing its contents. Every mistake is given to `report`, which
 * may be 0. `name` is the file's name, for messages that point at an earlier line. */
void probe_file_parse(const char *name, const char *text, size_t size, struct probe_set *set,
		      probe_reporter *report, void *context);

/* 1 if it may begin the history of an object that was not known. `retain` with ret does. */
static inline int probe_begins(const struct probe_line *p)
{
	return p->verb == PROBE_CREATE || p->verb == PROBE_ADOPT ||
	       (p->verb == PROBE_RETAIN && p->where.base == PROBE_RET);
}

/* 1 if it is evaluated after the call. */
static inline int probe_is_after(const struct probe_line *p)
{
	return probe_begins(p) || (p->verb == PROBE_RETAIN && p->condition.compare &&
				   p->condition.where.base == PROBE_RET);
}

/* The word of the file for a verb, or "?". */
const char *probe_verb_word(uint32_t verb);

/* 1 if `name` matches the type's lib=. */
int probe_matches(const struct probe_word *glob, const char *name);

#endif

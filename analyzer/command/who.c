/* SPDX-License-Identifier: MIT */
/* Who points at a block: see who.h. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "demangle.h"
#include "file.h"
#include "image.h"
#include "path.h"
#include "stacks.h"
#include "who.h"
#include "words.h"

#define STEPS_MAX 64

/* The block around an address; its slot in the trace. 0: none. */
static uint32_t find_slot(const struct trace_file *f, uint64_t address)
{
	const struct file_view *v = &f->areas[TRACE_AREA_BLOCK];

	for (uint32_t i = 1; i < v->used; i++) {
		const struct trace_block *b = file_element(v, i);
		uint64_t start = b ? trace_block_address(b) : 0;

		if (start && trace_block_family(b) != TRACE_FAMILY_GONE && address >= start &&
		    address - start < trace_block_size(b) + !trace_block_size(b))
			return i;
	}
	return 0;
}

static void print_block(const struct trace_block *b, struct model *m, struct symbols *s)
{
	static struct path path;
	char a[WORDS_SIZE];
	unsigned shown = 0;

	printf("block 0x%" PRIx64 ", %s, made by", trace_block_address(b),
	       words_bytes(a, (double)trace_block_size(b), false));
	if (b->site < m->site_count)
		stacks_path(&path, m, s, m->sites[b->site].node);
	else
		path.depth = 0;
	for (unsigned i = 0; i < path.depth && shown < 3; i++, shown++) {
		const char *name = symbols_name(s, path.nodes[i])->text;

		fputs(shown ? " < " : " ", stdout);
		words_escape(stdout, name ? name : "?");
	}
	fputs(shown ? "\n" : " ?\n", stdout);
}

/* One block on the way from the one asked for to its root. */
struct hop {
	uint32_t slot;
	uint64_t held_at;   /* in the next one, or in a root */
	const char *field;  /* of the next one, by its type: 0 not known */
};

/* Types are known from the variable at the end of the way on. */
struct way {
	struct hop hops[STEPS_MAX];
	unsigned count;
	const struct trace_verdict *end; /* the verdict that leads no further; 0: the way is lost */
};

static uint32_t module_at(const struct model *m, uint64_t address)
{
	for (uint32_t i = 1; i < m->module_count; i++)
		if (address >= m->modules[i].start && address < m->modules[i].end)
			return i;
	return 0;
}

/* Names what the way leads through, from the variable on. Returns how the variable itself is called, 0: not known. */
static const char *name_fields(const struct trace_file *f, struct model *m, struct symbols *s, struct way *way)
{
	uint64_t at = trace_verdict_from(way->end), start, type;
	uint32_t module = module_at(m, at);
	struct image *image = module ? symbols_image(s, module) : NULL;
	const char *name = image ? image_variable(image, at - m->modules[module].bias, &start) : NULL;
	const char *field, *text;
	struct image_variable v;

	if (!name)
		return NULL;
	at -= m->modules[module].bias;
	text = pool_print(&m->pool, "%s", demangle(&m->pool, name));
	if (!image_declared(image, start, &v))
		return text;
	field = image_field(&m->pool, image, v.type, at - start, &type);
	if (field && strpbrk(field, ".[")) /* of the variable: its type need not be said */
		text = pool_print(&m->pool, "%s%s", text, strpbrk(field, ".["));
	if (v.file)
		text = pool_print(&m->pool, "%s (%s:%u)", text, path_file(v.file), v.line);
	for (unsigned i = way->count; i-- > 1 && type;) {
		const struct trace_block *b = file_element(&f->areas[TRACE_AREA_BLOCK], way->hops[i].slot);

		field = image_field(&m->pool, image, type, way->hops[i - 1].held_at - trace_block_address(b), &type);
		way->hops[i - 1].field = field && *field ? field : NULL;
	}
	return text;
}

static void print_root(const struct model *m, const struct way *way, const char *name)
{
	static const char *const names[TRACE_ROOTS] = {
		[TRACE_ROOT_GLOBALS] = "a variable", [TRACE_ROOT_STACKS] = "a stack",
		[TRACE_ROOT_REGISTERS] = "a register or system call argument of thread",
		[TRACE_ROOT_TLS] = "a thread-local variable or key", [TRACE_ROOT_MMAPS] = "a mapping of the program's own",
		[TRACE_ROOT_LOADER] = "the dynamic loader's own block", [TRACE_ROOT_KERNEL] = "the kernel:",
		[TRACE_ROOT_REGIONS] = "a registered region", [TRACE_ROOT_IGNORED] = "an ignored block",
		[TRACE_ROOT_HEAP] = "heap memory from before the trace",
	};
	uint32_t root = trace_verdict_root(way->end), module;
	uint64_t at = trace_verdict_from(way->end);

	printf("  %s", root == TRACE_ROOT_UNREAD		? "memory that could not be read"
		      : root < TRACE_ROOTS && names[root] ? names[root]
						      : "a root");
	if (root == TRACE_ROOT_REGISTERS || root == TRACE_ROOT_KERNEL) {
		const char *what = root == TRACE_ROOT_REGISTERS	      ? ""
				   : !at			      ? " a timer"
				   : at & TRACE_KERNEL_SIGNAL_STACK ? " the signal stack of thread"
								      : " descriptor";

		at &= TRACE_KERNEL_SIGNAL_STACK - 1;
		printf(at || root == TRACE_ROOT_REGISTERS ? "%s %" PRIu64 "\n" : "%s\n", what, at);
		return;
	}
	if (name) {
		fputs(", ", stdout);
		words_escape(stdout, name);
		putchar(',');
	}
	printf(" at 0x%" PRIx64, at);
	module = module_at(m, at);
	if (module) {
		fputs(" in ", stdout);
		words_escape(stdout, m->modules[module].name);
		printf("+0x%" PRIx64, at - m->modules[module].bias);
	}
	putchar('\n');
}

static const struct trace_verdict *verdict_of(const struct trace_file *f, uint32_t slot, const struct trace_block *b)
{
	const struct trace_verdict *v = file_element(&f->areas[TRACE_AREA_VERDICT], slot);

	return v && f->areas[TRACE_AREA_VERDICT].element >= sizeof(*v) &&
			       trace_verdict_address(v) == trace_block_address(b) && v->time == b->time
		       ? v
		       : NULL;
}

/* From holder to holder, as the scan found the first pointer to each. */
static void find_way(const struct trace_file *f, struct way *way, uint32_t slot)
{
	memset(way, 0, sizeof(*way));
	while (slot && way->count < STEPS_MAX) {
		const struct trace_verdict *v =
			verdict_of(f, slot, file_element(&f->areas[TRACE_AREA_BLOCK], slot));
		uint32_t class = v ? trace_verdict_class(v) : TRACE_VERDICT_NONE;
		struct hop *hop = &way->hops[way->count++];

		hop->slot = slot;
		if (class == TRACE_VERDICT_NONE || class == TRACE_VERDICT_DEFINITE || trace_verdict_root(v)) {
			way->end = v;
			return;
		}
		hop->held_at = trace_verdict_from(v);
		slot = find_slot(f, hop->held_at);
	}
}

static void print_end(const struct model *m, const struct way *way, const char *name)
{
	uint32_t class = way->end ? trace_verdict_class(way->end) : TRACE_VERDICT_NONE;

	if (class == TRACE_VERDICT_NONE)
		puts(way->count < STEPS_MAX ? "  no scan has looked at it" : "  the way ends here");
	else if (class == TRACE_VERDICT_DEFINITE)
		puts("  nothing points at it any more");
	else
		print_root(m, way, name);
}

static int follow(const struct trace_file *f, struct model *m, struct symbols *s, uint64_t address)
{
	static struct way way;
	uint32_t slot = find_slot(f, address);
	const char *name = NULL;

	if (!slot) {
		printf("0x%" PRIx64 " lies in no live block\n", address);
		return -1;
	}
	find_way(f, &way, slot);
	if (way.end && trace_verdict_root(way.end) == TRACE_ROOT_GLOBALS)
		name = name_fields(f, m, s, &way);
	for (unsigned i = 0; i < way.count; i++) {
		const struct trace_block *b = file_element(&f->areas[TRACE_AREA_BLOCK], way.hops[i].slot);
		const struct trace_verdict *v = verdict_of(f, way.hops[i].slot, b);

		if (i) {
			printf("  held at 0x%" PRIx64, way.hops[i - 1].held_at);
			if (way.hops[i - 1].field) {
				fputs(", ", stdout);
				words_escape(stdout, way.hops[i - 1].field);
				putchar(',');
			}
			fputs(" in ", stdout);
		}
		print_block(b, m, s);
		if (v && trace_verdict_class(v) == TRACE_VERDICT_POSSIBLE)
			printf("  only inner pointers, the first one %u bytes inside\n", v->owner);
	}
	print_end(m, &way, name);
	return 0;
}

int who_points_at(struct model *m, struct symbols *s, const char *path, uint64_t address)
{
	struct trace_file f;
	int r;

	if (file_open(&f, path, false))
		return -1;
	r = follow(&f, m, s, address);
	file_close(&f);
	return r;
}

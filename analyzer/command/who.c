/* SPDX-License-Identifier: MIT */
/* Who points at a block: see who.h. */
#include <inttypes.h>
#include <stdio.h>

#include "file.h"
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

static void print_root(const struct model *m, const struct trace_verdict *v)
{
	static const char *const names[TRACE_ROOTS] = {
		[TRACE_ROOT_GLOBALS] = "a variable", [TRACE_ROOT_STACKS] = "a stack",
		[TRACE_ROOT_REGISTERS] = "a register or system call argument of thread",
		[TRACE_ROOT_TLS] = "a thread-local variable or key", [TRACE_ROOT_MMAPS] = "a mapping of the program's own",
		[TRACE_ROOT_LOADER] = "the dynamic loader's own block", [TRACE_ROOT_KERNEL] = "the kernel: descriptor",
		[TRACE_ROOT_REGIONS] = "a registered region", [TRACE_ROOT_IGNORED] = "an ignored block",
		[TRACE_ROOT_HEAP] = "heap memory from before the trace",
	};
	uint32_t root = trace_verdict_root(v);
	uint64_t at = trace_verdict_from(v);

	printf("  %s", root < TRACE_ROOTS && names[root] ? names[root] : "a root");
	if (root == TRACE_ROOT_REGISTERS || root == TRACE_ROOT_KERNEL) {
		printf(root == TRACE_ROOT_KERNEL && !at ? " none, a timer\n" : " %" PRIu64 "\n", at);
		return;
	}
	printf(" at 0x%" PRIx64, at);
	for (uint32_t i = 1; i < m->module_count; i++)
		if (at >= m->modules[i].start && at < m->modules[i].end) {
			fputs(" in ", stdout);
			words_escape(stdout, m->modules[i].name);
			printf("+0x%" PRIx64, at - m->modules[i].bias);
			break;
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

static int follow(const struct trace_file *f, struct model *m, struct symbols *s, uint64_t address)
{
	uint32_t slot = find_slot(f, address);

	if (!slot) {
		printf("0x%" PRIx64 " lies in no live block\n", address);
		return -1;
	}
	for (unsigned step = 0; slot && step < STEPS_MAX; step++) {
		const struct trace_block *b = file_element(&f->areas[TRACE_AREA_BLOCK], slot);
		const struct trace_verdict *v = verdict_of(f, slot, b);
		uint32_t class = v ? trace_verdict_class(v) : TRACE_VERDICT_NONE;

		fputs(step ? "  held at 0x" : "", stdout);
		if (step)
			printf("%" PRIx64 " in ", address);
		print_block(b, m, s);
		if (class == TRACE_VERDICT_NONE) {
			puts("  no scan has looked at it");
			return 0;
		}
		if (class == TRACE_VERDICT_DEFINITE) {
			puts("  nothing points at it any more");
			return 0;
		}
		if (class == TRACE_VERDICT_POSSIBLE)
			printf("  only inner pointers, the first one %u bytes inside\n", v->owner);
		if (trace_verdict_root(v)) {
			print_root(m, v);
			return 0;
		}
		address = trace_verdict_from(v);
		slot = find_slot(f, address);
	}
	puts("  the way ends here");
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

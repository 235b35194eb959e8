/* SPDX-License-Identifier: MIT */
/*
 * The first code of a child that takes an image of the program (image.h).
 *
 * 1. Nobody has relocated this file's data or resolved a symbol of it: all functions are static, nothing of libc is called, no
 *    pointer is initialised.
 * 2. It never touches a device, nor memory of the program that is shared: those are read later, if at all.
 */
#include "image.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include "area.h"
#include "sys.h"
#include "rules.h"

#define PAGE 4096ul
#define PRIVATE_LEAST (2ul << 20) /* bytes of a table that are worth leaving out */
#define TEXT 8192l       /* longer than any line */
#define REGIONS 512l
#define WORDS 512ul
#define WALK_MOST (64ul << 30) /* page by page, where the kernel does not find them */
#define SAME_CODE 2048u
#define POPULATE_LEAST (64ul << 10)
#define POPULATE_WRITE 23

/* As the kernel has them in linux/fs.h since 6.7. */
struct region {
	uint64_t start, end, categories;
};
struct page_scan {
	uint64_t size, flags, start, end, walk_end, regions, count, most, inverted, all_of, any_of, wanted;
};
#define SCAN_CALL _IOWR('f', 16, struct page_scan)
#define IS_FILE (1u << 2)
#define IS_PRESENT (1u << 3)
#define IS_SWAPPED (1u << 4)
#define IS_ZERO (1u << 5)

enum kind {
	KEPT_FREE, /* the address is not ours to use */
	COPIED,
	COPIED_WHOLE /* also what is as the file has it */
};

struct line {
	uintptr_t start, end;
	uint64_t device, inode;
	int is_readable, is_executable, is_shared;
	const char *name;
};

struct load {
	struct image_plan plan;
	struct area_range privates[64]; /* what finds no place is copied */
	uint32_t private_count;
	struct line code[2];
	char text[TEXT];
	struct region region[REGIONS];
	uint64_t word[WORDS];
};

#define call3(n, a, b, c) sys_host3(n, (long)(a), (long)(b), (long)(c))
#define call6(n, a, b, c, d, e, f) sys_host6(n, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), (long)(f))

static uint64_t number(const char **at, unsigned base)
{
	uint64_t n = 0;

	for (;; ++*at) {
		char c = **at;

		if (c >= '0' && c <= '9')
			n = n * base + (uint64_t)(c - '0');
		else if (base == 16 && c >= 'a' && c <= 'f')
			n = n * base + (uint64_t)(c - 'a' + 10);
		else
			return n;
	}
}

static int starts(const char *text, const char *with)
{
	while (*with && *text == *with)
		text++, with++;
	return !*with;
}

static int from_program(const struct load *l, void *to, uintptr_t from, size_t size)
{
	return call6(SYS_pread64, l->plan.open.memory, to, size, from, 0, 0) == (long)size;
}

/* "start-end perm offset major:minor inode   name" */
static struct line parse(const char *at)
{
	struct line line;

	line.start = number(&at, 16);
	at++;
	line.end = number(&at, 16);
	at++;
	line.is_readable = at[0] == 'r' || at[1] == 'w';
	line.is_executable = at[2] == 'x';
	line.is_shared = at[3] == 's';
	at += 5;
	number(&at, 16);
	at++;
	line.device = number(&at, 16) << 32;
	at++;
	line.device |= number(&at, 16);
	at++;
	line.inode = number(&at, 10);
	while (*at == ' ')
		at++;
	line.name = at;
	return line;
}

/* Calls `each` for the program's mappings. Returns 0, or what `each` returned first. */
static int each_line(struct load *l, int (*each)(struct load *, const struct line *))
{
	long n, kept = 0, fd = l->plan.open.maps;

	call3(SYS_lseek, fd, 0, 0);
	while ((n = call3(SYS_read, fd, l->text + kept, TEXT - 1 - kept)) > 0) {
		long begin = 0;

		n += kept;
		for (long i = 0; i < n; i++) {
			if (l->text[i] != '\n')
				continue;
			l->text[i] = 0;
			struct line line = parse(l->text + begin);
			int result = each(l, &line);
			if (result)
				return result;
			begin = i + 1;
		}
		for (kept = 0; begin + kept < n; kept++)
			l->text[kept] = l->text[begin + kept];
	}
	return n < 0 ? IMAGE_IMPOSSIBLE : 0;
}

static int find_code(struct load *l, const struct line *line)
{
	for (int i = 0; i < 2; i++)
		if (line->start <= l->plan.code[i] && l->plan.code[i] < line->end)
			l->code[i] = *line;
	return 0;
}

static int map(uintptr_t start, uintptr_t end, int protection, int flags, long fd)
{
	long at = call6(SYS_mmap, start, end - start, protection, flags | MAP_FIXED_NOREPLACE | MAP_NORESERVE, fd, 0);

	if (at == (long)start)
		return 0;
	return at == -17 /* EEXIST */ || !sys_failed(at) ? IMAGE_TAKEN : IMAGE_IMPOSSIBLE;
}

static int is_trace(const struct load *l, const struct line *line)
{
	return line->start >= l->plan.header && line->end <= l->plan.header + l->plan.reserved;
}

/* Such as the kernel's own, or a device's. */
static int is_odd(const char *name)
{
	return starts(name, "[v") || starts(name, "/dev/") || starts(name, "/sys/") || starts(name, "anon_inode:");
}

/* Nobody can read it but who has it mapped. */
static int is_secret(const char *name)
{
	return starts(name, "/secretmem") || starts(name, "anon_inode:[io_uring]");
}

static enum kind kind_of(const struct load *l, const struct line *line)
{
	if (!line->is_readable || line->is_shared || is_odd(line->name))
		return KEPT_FREE;
	for (int i = 0; i < 2 && line->inode; i++)
		if (line->inode == l->code[i].inode && line->device == l->code[i].device)
			return COPIED_WHOLE;
	return COPIED;
}

static int make(struct load *l, const struct line *line)
{
	if (is_trace(l, line) || line->end >> 47)
		return 0;
	if (is_secret(line->name))
		return IMAGE_IMPOSSIBLE;
	return map(line->start, line->end, kind_of(l, line) == KEPT_FREE ? PROT_NONE : PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS, -1);
}

static void copy_run(const struct load *l, uintptr_t from, uintptr_t to)
{
	if (to - from >= POPULATE_LEAST)
		call3(SYS_madvise, from, to - from, POPULATE_WRITE); /* no huge pages: to make room for them took twice the time */
	while (from < to) {
		long n = call6(SYS_pread64, l->plan.open.memory, from, to - from, from, 0, 0);

		from += n > 0 ? (uintptr_t)n : PAGE - from % PAGE; /* one that went away */
	}
}

/* Without the shim's own tables. */
static void copy(const struct load *l, uintptr_t from, uintptr_t to)
{
	while (from < to) {
		uintptr_t end = to, skip = 0;

		for (uint32_t i = 0; i < l->private_count; i++) {
			uintptr_t low = l->privates[i].start, high = low + l->privates[i].size;

			if (low <= from && from < high)
				skip = high;
			else if (low > from && low < end)
				end = low;
		}
		if (!skip)
			copy_run(l, from, end);
		from = skip ? skip : end;
	}
}

/* Returns 0, or -1: the kernel cannot say it so, from *at on. */
static int copy_found(struct load *l, uintptr_t *at, uintptr_t end)
{
	uint64_t none = IS_ZERO | IS_FILE;

	while (*at < end) {
		struct page_scan s = {.size = sizeof s, .start = *at, .end = end, .regions = (uint64_t)l->region, .count = REGIONS,
				      .inverted = none, .all_of = none, .any_of = IS_PRESENT | IS_SWAPPED, .wanted = IS_PRESENT};
		long n = call3(SYS_ioctl, l->plan.open.pages, SCAN_CALL, &s);

		if (sys_failed(n) || s.walk_end <= *at)
			return -1;
		for (long i = 0; i < n;) {
			uintptr_t from = l->region[i].start, to = l->region[i].end;

			for (i++; i < n && l->region[i].start == to; i++)
				to = l->region[i].end;
			copy(l, from, to);
		}
		*at = s.walk_end;
	}
	return 0;
}

static int copy_walked(struct load *l, uintptr_t at, uintptr_t end)
{
	const uint64_t there = 3ull << 62, file = 1ull << 61;

	if (end - at > WALK_MOST)
		return IMAGE_IMPOSSIBLE;
	while (at < end) {
		uintptr_t pages = (end - at) / PAGE, run = 0;
		long n = call6(SYS_pread64, l->plan.open.pages, l->word, 8 * (pages < WORDS ? pages : WORDS), at / PAGE * 8, 0, 0) / 8;

		if (n <= 0)
			return IMAGE_IMPOSSIBLE;
		for (long i = 0; i <= n; i++) {
			int is_own = i < n && l->word[i] & there && !(l->word[i] & file);

			if (is_own && !run)
				run = at + (uintptr_t)i * PAGE;
			if (!is_own && run) {
				copy(l, run, at + (uintptr_t)i * PAGE);
				run = 0;
			}
		}
		at += (uintptr_t)n * PAGE;
	}
	return 0;
}

static int fill(struct load *l, const struct line *line)
{
	enum kind kind = kind_of(l, line);
	uintptr_t at = line->start;

	if (kind == KEPT_FREE || is_trace(l, line) || line->end >> 47)
		return 0;
	if (kind == COPIED_WHOLE)
		copy_run(l, line->start, line->end);
	else if (copy_found(l, &at, line->end) && copy_walked(l, at, line->end))
		return IMAGE_IMPOSSIBLE;
	if (kind == COPIED_WHOLE && line->is_executable &&
	    sys_failed(call3(SYS_mprotect, line->start, line->end - line->start, PROT_READ | PROT_EXEC)))
		return IMAGE_IMPOSSIBLE;
	return 0;
}

/* The tables that are there. */
static void read_privates(struct load *l)
{
	for (uint32_t i = 0; i < l->plan.private_count && l->private_count < 64; i++) {
		struct area_range one;

		if (!from_program(l, &one, (uintptr_t)&l->plan.privates[i], sizeof one))
			return;
		if (one.start && one.size >= PRIVATE_LEAST)
			l->privates[l->private_count++] = one;
	}
}

/* Is the file that was executed the one that the program has loaded? */
static int is_same_code(struct load *l)
{
	const char *own = (const char *)&image_begin;

	if (!from_program(l, l->text, l->plan.begin, SAME_CODE))
		return 0;
	for (unsigned i = 0; i < SAME_CODE; i++)
		if (l->text[i] != own[i])
			return 0;
	return 1;
}

/* Maps the trace, and sees in the program's memory what is written to it here. */
static int map_trace(const struct load *l)
{
	uint32_t *proof = (uint32_t *)l->plan.proof, before, seen = 0;
	int result = map(l->plan.header, l->plan.header + l->plan.reserved, PROT_READ | PROT_WRITE, MAP_SHARED, l->plan.trace);

	if (result)
		return result;
	before = __atomic_fetch_xor(proof, ~0u, __ATOMIC_SEQ_CST);
	result = from_program(l, &seen, l->plan.proof, sizeof seen) && seen == ~before ? 0 : IMAGE_IMPOSSIBLE;
	__atomic_store_n(proof, before, __ATOMIC_SEQ_CST);
	return result;
}

static int load(struct load *l)
{
	int result = is_same_code(l) ? 0 : IMAGE_IMPOSSIBLE;

	if (result)
		return result;
	read_privates(l);
	each_line(l, find_code);
	result = each_line(l, make);
	if (!result)
		result = map_trace(l);
	if (!result)
		result = each_line(l, fill);
	return result;
}

/* `words`: number of arguments, then the arguments: a name, the descriptor of the program's memory, where in that the plan is. */
__attribute__((noreturn, used)) static void begin(const long *words)
{
	struct load l;
	const char *fd = words[0] == 3 ? (const char *)words[2] : "", *at = words[0] == 3 ? (const char *)words[3] : "";
	uintptr_t plan = number(&at, 16);
	int result = IMAGE_IMPOSSIBLE;

	l.private_count = 0;
	l.code[0].inode = l.code[1].inode = 0;
	l.plan.open.memory = (long)number(&fd, 10);
	if (from_program(&l, &l.plan, plan, sizeof l.plan))
		result = load(&l);
	if (!result && !sys_failed(call3(SYS_arch_prctl, 0x1002 /* ARCH_SET_FS */, l.plan.thread, 0)))
		__asm__ volatile("mov %0, %%rsp\n\t"
				 "xor %%ebp, %%ebp\n\t"
				 "call *%1\n\t"
				 :
				 : "r"(l.plan.stack & ~(uintptr_t)15), "r"(l.plan.go), "D"(l.plan.data), "S"(plan + offsetof(struct image_plan, open))
				 : "memory");
	sys_leave(SYS_exit_group, result ? result : IMAGE_IMPOSSIBLE);
}

__asm__(".pushsection .text\n"
	".hidden image_begin\n"
	".globl image_begin\n"
	".type image_begin, @function\n"
	"image_begin:\n"
	"	xor %ebp, %ebp\n"
	"	mov %rsp, %rdi\n"
	"	and $-16, %rsp\n"
	"	call begin\n"
	"	ud2\n"
	".size image_begin, . - image_begin\n"
	".popsection\n");

/* SPDX-License-Identifier: MIT */
/*
 * Unwind tables, whole and damaged. The tables are libc's own, copied with their segment to memory
 * of just that size, so that a sanitizer sees every read beyond them.
 */
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "cfi.h"

static struct {
	uintptr_t header, low, high, code_low, code_high;
} libc;

static uint64_t seed = 88172645463325252ull;

static uint64_t any(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed;
}

static int find_libc(struct dl_phdr_info *info, size_t size, void *unused)
{
	(void)size;
	(void)unused;
	if (!strstr(info->dlpi_name, "/libc.so"))
		return 0;
	for (int i = 0; i < info->dlpi_phnum; i++)
		if (info->dlpi_phdr[i].p_type == PT_GNU_EH_FRAME)
			libc.header = info->dlpi_addr + info->dlpi_phdr[i].p_vaddr;
	for (int i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *p = &info->dlpi_phdr[i];
		uintptr_t low = info->dlpi_addr + p->p_vaddr, high = low + p->p_memsz;

		if (p->p_type != PT_LOAD)
			continue;
		if (p->p_flags & PF_X)
			libc.code_low = low, libc.code_high = high;
		if (libc.header >= low && libc.header < high)
			libc.low = low, libc.high = high;
	}
	return 1;
}

struct words {
	struct cfi_reader reader;
	uint64_t read;
};

static int any_word(struct cfi_reader *reader, uintptr_t at, uintptr_t *out)
{
	struct words *w = (struct words *)reader;

	w->read++;
	*out = at ^ any();
	return at % 5 == 0;
}

static void leave(const struct cfi_source *source, uintptr_t pc, struct cfi_work *work)
{
	struct words words = {{any_word}, 0};
	struct cfi_registers r = {.known = (uint32_t)any() & 0x1ffff};

	for (int i = 0; i < CFI_REGISTERS; i++)
		r.value[i] = any();
	r.known |= 1u << CFI_REG_RA;
	r.value[CFI_REG_RA] = pc;
	int left = cfi_leave(source, &r, work, &words.reader);
	CHECK(left >= -1 && left <= 1);
	CHECK(left != 1 || (r.known >> CFI_REG_RA & 1));
}

/* Code that has moved with its tables has the rules that it had before. */
static void whole_tables_give_the_rules_of_the_original(struct cfi_work *work)
{
	struct cfi_source here = {libc.header, 1, {{libc.low, libc.high}}, 0};
	size_t size = libc.high - libc.low;
	char *copy = malloc(size);
	uintptr_t moved = (uintptr_t)copy - libc.low;
	struct cfi_source there = {libc.header + moved, 1, {{(uintptr_t)copy, (uintptr_t)copy + size}}, 0};
	unsigned known[8] = {0};

	memcpy(copy, (void *)libc.low, size);
	for (int i = 0; i < 20000; i++) {
		uintptr_t pc = libc.code_low + any() % (libc.code_high - libc.code_low);
		uint64_t rule = cfi_rule(&here, pc, i & 1, work);

		CHECK(rule == cfi_rule(&there, pc + moved, i & 1, work));
		known[cfi_kind(rule)]++;
	}
	CHECK(known[CFI_RSP] > 10000 && known[CFI_RBP] && known[CFI_NONE]);
	free(copy);
}

static void damaged_tables_never_fault(struct cfi_work *work)
{
	size_t size = libc.high - libc.low;
	char *copy = malloc(size);
	uintptr_t moved = (uintptr_t)copy - libc.low;
	struct cfi_source source = {libc.header + moved, 1, {{(uintptr_t)copy, (uintptr_t)copy + size}}, 0};

	for (int round = 0; round < 300; round++) {
		size_t from = round & 1 ? libc.header - libc.low : 0;

		memcpy(copy, (void *)libc.low, size);
		for (int i = 0; i < (1 << round % 16); i++)
			copy[from + any() % (size - from)] = (char)any();
		if (round % 4 == 3)
			copy[libc.header - libc.low + any() % 12] ^= (char)any();
		for (int i = 0; i < 400; i++) {
			uintptr_t pc = libc.code_low + moved + any() % (libc.code_high - libc.code_low);

			cfi_rule(&source, pc, i & 1, work);
			leave(&source, pc, work);
		}
	}
	free(copy);
}

static void tables_cut_anywhere_never_fault(struct cfi_work *work)
{
	for (int round = 0; round < 300; round++) {
		size_t start = libc.header - libc.low, size = start + any() % (libc.high - libc.header);
		char *copy = malloc(size);
		uintptr_t moved = (uintptr_t)copy - libc.low;
		struct cfi_source source = {libc.header + moved, 1,
					    {{(uintptr_t)copy, (uintptr_t)copy + size}}, 0};

		memcpy(copy, (void *)libc.low, size);
		for (int i = 0; i < 50; i++) {
			uintptr_t pc = libc.code_low + moved + any() % (libc.code_high - libc.code_low);

			cfi_rule(&source, pc, i & 1, work);
			leave(&source, pc, work);
		}
		free(copy);
	}
}

static void a_program_of_random_instructions_never_faults(struct cfi_work *work)
{
	/* header without a table, one CIE and one FDE over everything, then what chance gives */
	static const unsigned char head[] = {1, 0x1b, 0xff, 0xff, 0, 0, 0, 0,
					     16, 0, 0, 0, 0, 0, 0, 0, 1, 'z', 'R', 0, 1, 0x78, 16, 1, 0, 0, 0, 0,
					     200, 0, 0, 0, 24, 0, 0, 0,
					     0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0};
	unsigned found = 0;

	for (int round = 0; round < 20000; round++) {
		size_t size = 28 + 4 + 200;
		unsigned char *copy = malloc(size);
		struct cfi_source source = {(uintptr_t)copy, 1, {{(uintptr_t)copy, (uintptr_t)copy + size}}, 0};

		for (size_t i = 0; i < size; i++)
			copy[i] = (unsigned char)(any() % (round & 1 ? 256 : 0x98));
		memcpy(copy, head, sizeof(head));
		copy[4] = 4; /* the section begins four bytes on */
		found += cfi_kind(cfi_rule(&source, 0x1000, 0, work)) != CFI_NONE;
		leave(&source, 0x1000 + (any() & 0xffff), work);
		free(copy);
	}
	CHECK(found == 20000);
}

int main(void)
{
	struct cfi_work *work = malloc(sizeof(*work));

	dl_iterate_phdr(find_libc, NULL);
	CHECK(libc.header && libc.low && libc.code_low);
	whole_tables_give_the_rules_of_the_original(work);
	damaged_tables_never_fault(work);
	tables_cut_anywhere_never_fault(work);
	a_program_of_random_instructions_never_faults(work);
	free(work);
	return 0;
}

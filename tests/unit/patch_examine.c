/* SPDX-License-Identifier: MIT */
/*
 * What the patcher thinks of every exported function of a library file:
 *   ADDRESS BYTES OFFSETS...     the displaced bytes and where instructions begin in them
 *   ADDRESS refused: REASON
 * With a word before the file, nothing of the neighbourhood is taken.
 */
#include <elf.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "patch.h"
#include "thunk.h"

void probes_tail(struct thunk_registers *at)
{
	(void)at;
}

struct thunk_call probes_enter(struct thunk_registers *at)
{
	struct thunk_call call = {at->cell, 0};

	return call;
}

void probes_leave(struct thunk_registers *at, uint64_t result)
{
	(void)at;
	(void)result;
}

static int is_modest;

/* To the next symbol, or to the end of the section. */
static uint64_t room_of(const Elf64_Sym *symbols, uint64_t count, const Elf64_Shdr *text, uint64_t from)
{
	uint64_t next = text->sh_addr + text->sh_size;

	for (uint64_t i = 0; i < count; i++)
		if (symbols[i].st_shndx != SHN_UNDEF && symbols[i].st_value > from && symbols[i].st_value < next)
			next = symbols[i].st_value;
	return next - from;
}

static void examine(const unsigned char *file, const Elf64_Shdr *text, const Elf64_Sym *s, const Elf64_Sym *symbols, uint64_t count)
{
	const uint8_t *code = file + text->sh_offset + (s->st_value - text->sh_addr);
	struct patch_plan plan;
	const char *reason = patch_examine(code, s->st_size, 0, &plan);

	if (reason && !is_modest)
		reason = patch_examine(code, s->st_size, room_of(symbols, count, text, s->st_value), &plan);

	printf("%lx", (unsigned long)s->st_value);
	if (reason)
		printf(" refused: %s", reason);
	else
		printf(" %u", plan.displaced);
	for (uint32_t i = 0; !reason && i < 32; i++)
		if (plan.boundaries >> i & 1)
			printf(" %u", i);
	putchar('\n');
}

int main(int argc, char **argv)
{
	int fd = argc > 1 ? open(argv[argc - 1], O_RDONLY) : -1;
	struct stat st;

	is_modest = argc > 2;
	if (fd < 0 || fstat(fd, &st))
		return 2;
	const unsigned char *file = mmap(NULL, (size_t)st.st_size + 4096, PROT_READ, MAP_PRIVATE, fd, 0);
	const Elf64_Ehdr *head = (const Elf64_Ehdr *)file;
	const Elf64_Shdr *sections = (const Elf64_Shdr *)(file + head->e_shoff);
	for (int i = 0; i < head->e_shnum; i++) {
		if (sections[i].sh_type != SHT_DYNSYM)
			continue;
		const Elf64_Sym *s = (const Elf64_Sym *)(file + sections[i].sh_offset);
		for (uint64_t k = 0; k < sections[i].sh_size / sizeof(*s); k++)
			for (int t = 0; t < head->e_shnum; t++)
				if (ELF64_ST_TYPE(s[k].st_info) == STT_FUNC && s[k].st_shndx == t &&
				    sections[t].sh_flags & SHF_EXECINSTR)
					examine(file, &sections[t], &s[k], s, sections[i].sh_size / sizeof(*s));
	}
	return 0;
}

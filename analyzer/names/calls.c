/* SPDX-License-Identifier: MIT */
/* Which imported function a call instruction calls: see calls.h. */
#include <gelf.h>
#include <limits.h>
#include <string.h>

#include "calls.h"

#define CALL_SIZE 6u /* ff 15 rel32; e8 rel32 with a byte before it */

const unsigned char *calls_bytes(Elf *elf, uint64_t address, uint64_t size, uint64_t *most)
{
	size_t count, file_size;
	const char *file = elf_rawfile(elf, &file_size);

	if (!file || elf_getphdrnum(elf, &count))
		return NULL;
	for (size_t i = 0; i < count; i++) {
		GElf_Phdr ph;
		uint64_t at;

		if (!gelf_getphdr(elf, (int)i, &ph) || ph.p_type != PT_LOAD ||
		    address < ph.p_vaddr || address - ph.p_vaddr >= ph.p_filesz ||
		    ph.p_filesz - (address - ph.p_vaddr) < size)
			continue;
		at = ph.p_offset + (address - ph.p_vaddr);
		if (at < ph.p_offset || at > file_size || file_size - at < size)
			return NULL;
		*most = ph.p_filesz - (address - ph.p_vaddr);
		if (*most > file_size - at)
			*most = file_size - at;
		return (const unsigned char *)file + at;
	}
	return NULL;
}

static const unsigned char *bytes_at(Elf *elf, uint64_t address, uint64_t size)
{
	uint64_t most;

	return calls_bytes(elf, address, size, &most);
}

static uint64_t relative(const unsigned char *code, uint64_t next)
{
	int32_t distance;

	memcpy(&distance, code, sizeof(distance));
	return next + (uint64_t)(int64_t)distance;
}

/* The GOT slot that a PLT entry jumps through, 0 if it is none: [endbr64] [bnd] jmp *slot. */
static uint64_t slot_of_entry(Elf *elf, uint64_t entry)
{
	const unsigned char *code = bytes_at(elf, entry, 16);
	unsigned at = 0;

	if (!code)
		return 0;
	if (!memcmp(code, "\xf3\x0f\x1e\xfa", 4))
		at = 4;
	if (code[at] == 0xf2)
		at++;
	if (code[at] != 0xff || code[at + 1] != 0x25)
		return 0;
	return relative(code + at + 2, entry + at + 6);
}

static const char *symbol_name(Elf *elf, size_t section, uint64_t index)
{
	Elf_Scn *scn = elf_getscn(elf, section);
	Elf_Data *data = scn ? elf_getdata(scn, NULL) : NULL;
	GElf_Shdr sh;
	GElf_Sym sym;

	if (!data || index > INT_MAX || !gelf_getshdr(scn, &sh) ||
	    !gelf_getsym(data, (int)index, &sym))
		return NULL;
	return elf_strptr(elf, sh.sh_link, sym.st_name);
}

static const char *import_in(Elf *elf, uint64_t slot)
{
	Elf_Scn *scn = NULL;
	GElf_Shdr sh;

	while ((scn = elf_nextscn(elf, scn))) {
		Elf_Data *data;

		if (!gelf_getshdr(scn, &sh) || sh.sh_type != SHT_RELA || !sh.sh_entsize ||
		    !(data = elf_getdata(scn, NULL)))
			continue;
		for (uint64_t i = 0; i < sh.sh_size / sh.sh_entsize && i < INT_MAX; i++) {
			GElf_Rela rela;

			if (gelf_getrela(data, (int)i, &rela) && rela.r_offset == slot &&
			    GELF_R_SYM(rela.r_info))
				return symbol_name(elf, sh.sh_link, GELF_R_SYM(rela.r_info));
		}
	}
	return NULL;
}

const char *calls_import(Elf *elf, uint64_t address)
{
	uint64_t next = address + 1, slot = 0;
	const unsigned char *code = bytes_at(elf, next - CALL_SIZE, CALL_SIZE);

	if (!code)
		return NULL;
	if (code[0] == 0xff && code[1] == 0x15)
		slot = relative(code + 2, next);
	else if (code[1] == 0xe8)
		slot = slot_of_entry(elf, relative(code + 2, next));
	return slot ? import_in(elf, slot) : NULL;
}

const char *calls_stub(Elf *elf, uint64_t entry)
{
	uint64_t slot = slot_of_entry(elf, entry);

	return slot ? import_in(elf, slot) : NULL;
}

const char *calls_slot(Elf *elf, uint64_t slot)
{
	return import_in(elf, slot);
}

/* e8 rel32, or ff /2 with what may follow. */
static bool is_call_x86_64(const unsigned char *end)
{
	static const unsigned sizes[] = { 2, 3, 4, 6, 7 };

	for (unsigned i = 0; i < sizeof(sizes) / sizeof(*sizes); i++)
		if (end[-(int)sizes[i]] == 0xff && (end[1 - (int)sizes[i]] >> 3 & 7) == 2)
			return true;
	return end[-5] == 0xe8;
}

/* bl, or blr with its kinds. */
static bool is_call_aarch64(const unsigned char *end)
{
	uint32_t word;

	memcpy(&word, end - 4, sizeof(word));
	return word >> 26 == 0x25 || (word & 0xfefff800) == 0xd63f0000;
}

#define CALL_MOST 7u

bool calls_returns_to(Elf *elf, uint64_t address)
{
	const unsigned char *code = bytes_at(elf, address - CALL_MOST, CALL_MOST);
	GElf_Ehdr head;

	if (!gelf_getehdr(elf, &head) || (head.e_machine != EM_X86_64 && head.e_machine != EM_AARCH64))
		return true;
	return code && (head.e_machine == EM_X86_64 ? is_call_x86_64 : is_call_aarch64)(code + CALL_MOST);
}

/* SPDX-License-Identifier: MIT */
#include "exports.h"

#include <fcntl.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "poke.h"
#include "sys.h"
#include "rules.h"

#define HEADERS_MOST 64u
#define PAGE_MASK 4095ul

/* The loader turns most of these values into addresses in place, but not in a read-only dynamic
 * section. */
static uintptr_t pointer(const struct exports *e, uint64_t value)
{
	return value < e->bias ? e->bias + value : value;
}

static void read_dynamic(struct exports *e, const Elf64_Dyn *d)
{
	uint64_t soname = ~0ull;

	for (; d->d_tag != DT_NULL; d++)
		switch (d->d_tag) {
		case DT_SYMTAB:
			e->symbols = (const Elf64_Sym *)pointer(e, d->d_un.d_ptr);
			break;
		case DT_STRTAB:
			e->strings = (const char *)pointer(e, d->d_un.d_ptr);
			break;
		case DT_GNU_HASH:
			e->gnu_hash = (const uint32_t *)pointer(e, d->d_un.d_ptr);
			break;
		case DT_HASH:
			e->hash = (const uint32_t *)pointer(e, d->d_un.d_ptr);
			break;
		case DT_SONAME:
			soname = d->d_un.d_val;
			break;
		case DT_TEXTREL:
			e->has_text_relocations = 1;
			break;
		case DT_FLAGS:
			e->has_text_relocations |= (d->d_un.d_val & DF_TEXTREL) != 0;
			break;
		}
	if (soname != ~0ull && e->strings)
		e->name = e->strings + soname;
}

static void add_range(struct exports *e, const Elf64_Phdr *p)
{
	if (p->p_type != PT_LOAD || !(p->p_flags & PF_X) || e->ranges == EXPORTS_RANGES)
		return;
	e->low[e->ranges] = (e->bias + p->p_vaddr) & ~PAGE_MASK;
	e->high[e->ranges] = (e->bias + p->p_vaddr + p->p_filesz + PAGE_MASK) & ~PAGE_MASK;
	e->ranges++;
}

static int read_headers(struct exports *e)
{
	Elf64_Ehdr head;
	Elf64_Phdr headers[HEADERS_MOST];

	if (e->is_program) {
		const Elf64_Phdr *p = (const Elf64_Phdr *)getauxval(AT_PHDR);
		unsigned long count = getauxval(AT_PHNUM);

		for (unsigned long i = 0; p && i < count; i++)
			add_range(e, &p[i]);
		return p ? 0 : -1;
	}
	/* a library's first segment is at its bias in practice; where not, this fails and harms nobody */
	if (poke_read(e->bias, &head, sizeof(head)) != 0 ||
	    memcmp(head.e_ident, ELFMAG, SELFMAG) != 0 || head.e_phentsize != sizeof(Elf64_Phdr) ||
	    head.e_phnum > HEADERS_MOST ||
	    poke_read(e->bias + head.e_phoff, headers, head.e_phnum * sizeof(*headers)) != 0)
		return -1;
	for (uint32_t i = 0; i < head.e_phnum; i++)
		add_range(e, &headers[i]);
	return 0;
}

static const char *last_part(const char *path)
{
	const char *last = path;

	for (; *path; path++)
		if (*path == '/')
			last = path + 1;
	return last;
}

static void map_file(struct exports *e, const char *path)
{
	struct stat st;
	long fd = sys_call6(SYS_openat, AT_FDCWD, (long)path, O_RDONLY | O_CLOEXEC, 0, 0, 0);
	long at;

	if (sys_failed(fd))
		return;
	if (!sys_failed(sys_call3(SYS_fstat, fd, (long)&st, 0)) &&
	    st.st_size > (off_t)sizeof(Elf64_Ehdr)) {
		at = sys_call6(SYS_mmap, 0, (long)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
		if (!sys_failed(at)) {
			e->file = (const void *)at;
			e->file_size = (uint64_t)st.st_size;
		}
	}
	sys_call3(SYS_close, fd, 0, 0);
}

int exports_open(struct exports *e, const struct link_map *map, int is_program)
{
	memset(e, 0, sizeof(*e));
	e->bias = map->l_addr;
	e->is_program = is_program;
	e->name = is_program ? last_part((const char *)getauxval(AT_EXECFN)) : last_part(map->l_name);
	if (!map->l_ld || read_headers(e) != 0)
		return -1;
	read_dynamic(e, map->l_ld);
	return e->symbols && e->strings ? 0 : -1;
}

void exports_close(struct exports *e)
{
	if (e->file)
		sys_call3(SYS_munmap, (long)e->file, (long)e->file_size, 0);
	e->file = 0;
}

/* Stops at the first difference, so that nothing behind a shorter text is read. */
static int same(const char *text, const char *name, uint32_t length)
{
	for (uint32_t i = 0; i < length; i++)
		if (text[i] != name[i])
			return 0;
	return text[length] == 0;
}

static int is_defined(const Elf64_Sym *s)
{
	uint32_t kind = ELF64_ST_TYPE(s->st_info);

	return s->st_shndx != SHN_UNDEF && s->st_value && (kind == STT_FUNC || kind == STT_GNU_IFUNC || kind == STT_NOTYPE);
}

uint32_t exports_add(const struct exports *e, const Elf64_Sym *s, const char *name, int is_file, struct exports_function *found,
		     uint32_t count, uint32_t most)
{
	if (!is_defined(s))
		return count;
	for (uint32_t i = 0; i < count; i++)
		if (found[i].address == e->bias + s->st_value)
			return count;
	if (count == most)
		return count;
	found[count].address = e->bias + s->st_value;
	found[count].size = s->st_size;
	found[count].is_indirect = ELF64_ST_TYPE(s->st_info) == STT_GNU_IFUNC;
	found[count].symbol = is_file ? 0 : s;
	found[count].name = name;
	return count + 1;
}

static uint32_t find_gnu(const struct exports *e, const char *name, uint32_t length,
			 struct exports_function *found, uint32_t most)
{
	const uint32_t *head = e->gnu_hash;
	uint32_t buckets = head[0], first = head[1], words = head[2], shift = head[3];
	const uint64_t *bloom = (const uint64_t *)(head + 4);
	const uint32_t *bucket = (const uint32_t *)(bloom + words);
	const uint32_t *chain = bucket + buckets;
	uint32_t hash = 5381, count = 0, i;

	for (uint32_t k = 0; k < length; k++)
		hash = hash * 33 + (unsigned char)name[k];
	uint64_t word = bloom[hash / 64 % words];
	if (!(word >> hash % 64 & 1) || !(word >> (hash >> shift) % 64 & 1))
		return 0;
	i = bucket[hash % buckets];
	if (i < first)
		return 0;
	for (;; i++) {
		if (((chain[i - first] ^ hash) >> 1) == 0 &&
		    same(e->strings + e->symbols[i].st_name, name, length))
			count = exports_add(e, &e->symbols[i], e->strings + e->symbols[i].st_name, 0, found, count, most);
		if (chain[i - first] & 1)
			return count;
	}
}

static uint32_t find_sysv(const struct exports *e, const char *name, uint32_t length,
			  struct exports_function *found, uint32_t most)
{
	uint32_t hash = 0, count = 0;

	for (uint32_t k = 0; k < length; k++) {
		hash = (hash << 4) + (unsigned char)name[k];
		hash = (hash ^ (hash >> 24 & 0xf0)) & 0x0fffffff;
	}
	for (uint32_t i = e->hash[2 + hash % e->hash[0]]; i; i = e->hash[2 + e->hash[0] + i])
		if (same(e->strings + e->symbols[i].st_name, name, length))
			count = exports_add(e, &e->symbols[i], e->strings + e->symbols[i].st_name, 0, found, count, most);
	return count;
}

/* The symbol and string table of the executable's file, checked against its size. */
static const Elf64_Sym *file_symbols(const struct exports *e, uint64_t *count, const char **strings,
				     uint64_t *strings_size)
{
	const unsigned char *base = e->file;
	const Elf64_Ehdr *head = e->file;
	const Elf64_Shdr *section;

	if (memcmp(head->e_ident, ELFMAG, SELFMAG) != 0 || head->e_shentsize != sizeof(*section) ||
	    head->e_shoff > e->file_size || (e->file_size - head->e_shoff) / sizeof(*section) < head->e_shnum)
		return 0;
	section = (const Elf64_Shdr *)(base + head->e_shoff);
	for (uint32_t i = 0; i < head->e_shnum; i++) {
		const Elf64_Shdr *names;

		if (section[i].sh_type != SHT_SYMTAB || section[i].sh_link >= head->e_shnum)
			continue;
		names = &section[section[i].sh_link];
		if (section[i].sh_offset > e->file_size ||
		    section[i].sh_size > e->file_size - section[i].sh_offset ||
		    names->sh_offset > e->file_size ||
		    names->sh_size > e->file_size - names->sh_offset || names->sh_size == 0)
			return 0;
		*count = section[i].sh_size / sizeof(Elf64_Sym);
		*strings = (const char *)base + names->sh_offset;
		*strings_size = names->sh_size;
		return (const Elf64_Sym *)(base + section[i].sh_offset);
	}
	return 0;
}

static uint32_t find_file(const struct exports *e, const char *name, uint32_t length,
			  struct exports_function *found, uint32_t count, uint32_t most)
{
	const char *strings;
	uint64_t symbols_count, strings_size;
	const Elf64_Sym *s = file_symbols(e, &symbols_count, &strings, &strings_size);

	for (uint64_t i = 0; s && i < symbols_count; i++)
		if (s[i].st_name + (uint64_t)length < strings_size &&
		    same(strings + s[i].st_name, name, length))
			count = exports_add(e, &s[i], strings + s[i].st_name, 1, found, count, most);
	return count;
}

static int open_file(struct exports *e)
{
	if (e->is_program && !e->file)
		map_file(e, "/proc/self/exe");
	return e->file != 0;
}

static void each_of_file(struct exports *e, exports_visitor *visit, void *context)
{
	const char *strings;
	uint64_t count, strings_size;
	const Elf64_Sym *s = open_file(e) ? file_symbols(e, &count, &strings, &strings_size) : 0;

	if (!s || strings[strings_size - 1])
		return;
	for (uint64_t i = 0; i < count; i++)
		if (is_defined(&s[i]) && s[i].st_name < strings_size)
			visit(context, &s[i], strings + s[i].st_name, 1);
}

static void visit_own(const struct exports *e, uint32_t i, exports_visitor *visit, void *context)
{
	if (is_defined(&e->symbols[i]))
		visit(context, &e->symbols[i], e->strings + e->symbols[i].st_name, 0);
}

void exports_each(struct exports *e, exports_visitor *visit, void *context)
{
	const uint32_t *head = e->gnu_hash, *bucket = head ? head + 4 + head[2] * 2 : 0, *chain = head ? bucket + head[0] : 0;

	for (uint32_t i = 0; head && i < head[0]; i++)
		for (uint32_t k = bucket[i]; k >= head[1]; k++) {
			visit_own(e, k, visit, context);
			if (chain[k - head[1]] & 1)
				break;
		}
	for (uint32_t i = 1; !head && e->hash && i < e->hash[1]; i++)
		visit_own(e, i, visit, context);
	each_of_file(e, visit, context);
}

struct nearest {
	uintptr_t bias, address, next;
};

static void look_nearer(void *context, const Elf64_Sym *s, const char *name, int is_file)
{
	struct nearest *n = context;
	uintptr_t at = n->bias + s->st_value;

	(void)name;
	(void)is_file;
	if (at > n->address && at < n->next)
		n->next = at;
}

uint64_t exports_room(struct exports *e, uintptr_t address, uintptr_t high)
{
	struct nearest n = {e->bias, address, high};

	exports_each(e, look_nearer, &n);
	return n.next - address;
}

uint32_t exports_find(struct exports *e, const char *name, uint32_t length,
		      struct exports_function *found, uint32_t most)
{
	uint32_t count = e->gnu_hash ? find_gnu(e, name, length, found, most)
			 : e->hash   ? find_sysv(e, name, length, found, most)
				     : 0;

	if (count == 0 && open_file(e))
		count = find_file(e, name, length, found, count, most);
	return count;
}

int exports_range(const struct exports *e, uintptr_t address, uintptr_t *low, uintptr_t *high)
{
	for (uint32_t i = 0; i < e->ranges; i++)
		if (address >= e->low[i] && address < e->high[i]) {
			*low = e->low[i];
			*high = e->high[i];
			return 0;
		}
	return -1;
}

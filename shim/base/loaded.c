/* SPDX-License-Identifier: MIT */
#include "loaded.h"

#include <elf.h>
#include <fcntl.h>
#include <sys/auxv.h>

#include "proc.h"
#include "readable.h"
#include "rules.h"

#define HIDDEN_VERSION 0x8000u

struct tables {
	uintptr_t bias;
	const Elf64_Sym *symbols;
	const char *strings;
	const uint32_t *gnu_hash, *hash;
	const uint16_t *versions;
};

struct wanted {
	const char *name;
	uint32_t gnu_hash, hash;
	uint32_t is_behind; /* ours has been met, or is no matter */
	void *found, *hidden;
};

static const Elf64_Dyn *dynamic_of(const struct dl_phdr_info *info)
{
	for (uint32_t i = 0; i < info->dlpi_phnum; i++)
		if (info->dlpi_phdr[i].p_type == PT_DYNAMIC)
			return (const Elf64_Dyn *)(info->dlpi_addr + info->dlpi_phdr[i].p_vaddr);
	return 0;
}

static int holds(const struct dl_phdr_info *info, uintptr_t address)
{
	for (uint32_t i = 0; i < info->dlpi_phnum; i++) {
		const Elf64_Phdr *p = &info->dlpi_phdr[i];

		if (p->p_type == PT_LOAD && address - (info->dlpi_addr + p->p_vaddr) < p->p_memsz)
			return 1;
	}
	return 0;
}

/* glibc turns most of these values into addresses in place, musl does not. */
static const void *pointer(const struct tables *t, uint64_t value)
{
	return (const void *)(value < t->bias ? t->bias + value : value);
}

static int read_tables(struct tables *t, uintptr_t bias, const Elf64_Dyn *d)
{
	*t = (struct tables){.bias = bias};
	for (; d && d->d_tag != DT_NULL; d++)
		switch (d->d_tag) {
		case DT_SYMTAB:
			t->symbols = pointer(t, d->d_un.d_ptr);
			break;
		case DT_STRTAB:
			t->strings = pointer(t, d->d_un.d_ptr);
			break;
		case DT_GNU_HASH:
			t->gnu_hash = pointer(t, d->d_un.d_ptr);
			break;
		case DT_HASH:
			t->hash = pointer(t, d->d_un.d_ptr);
			break;
		case DT_VERSYM:
			t->versions = pointer(t, d->d_un.d_ptr);
			break;
		}
	return t->symbols && t->strings && (t->gnu_hash || t->hash);
}

/* Before anything is known no function is called that a sanitizer stands in for. */
static int is_same(const char *a, const char *b)
{
	while (*a && *a == *b)
		a++, b++;
	return *a == *b;
}

/* Takes symbol `i` if it is what is wanted. */
static void consider(const struct tables *t, struct wanted *w, uint32_t i)
{
	const Elf64_Sym *s = &t->symbols[i];
	uint32_t kind = ELF64_ST_TYPE(s->st_info);

	if (s->st_shndx == SHN_UNDEF || !s->st_value || ELF64_ST_BIND(s->st_info) == STB_LOCAL ||
	    (kind != STT_FUNC && kind != STT_OBJECT && kind != STT_NOTYPE) || !is_same(t->strings + s->st_name, w->name))
		return;
	void *at = (void *)(t->bias + s->st_value);
	if (t->versions && t->versions[i] & HIDDEN_VERSION)
		w->hidden = w->hidden ? w->hidden : at;
	else
		w->found = at;
}

static void search_gnu(const struct tables *t, struct wanted *w)
{
	const uint32_t *head = t->gnu_hash;
	uint32_t buckets = head[0], first = head[1], words = head[2], shift = head[3], hash = w->gnu_hash;
	const uint64_t *bloom = (const uint64_t *)(head + 4);
	const uint32_t *bucket = (const uint32_t *)(bloom + words);
	const uint32_t *chain = bucket + buckets;

	if (!buckets || !words)
		return;
	uint64_t word = bloom[hash / 64 % words];
	if (!(word >> hash % 64 & 1) || !(word >> (hash >> shift) % 64 & 1))
		return;
	uint32_t i = bucket[hash % buckets];
	for (; i >= first && !w->found; i++) {
		if (!((chain[i - first] ^ hash) >> 1))
			consider(t, w, i);
		if (chain[i - first] & 1)
			return;
	}
}

static void search_sysv(const struct tables *t, struct wanted *w)
{
	if (!t->hash[0])
		return;
	for (uint32_t i = t->hash[2 + w->hash % t->hash[0]]; i && !w->found; i = t->hash[2 + t->hash[0] + i])
		consider(t, w, i);
}

static int search_in(struct wanted *w, uintptr_t bias, const Elf64_Dyn *dynamic)
{
	struct tables t;

	if (!read_tables(&t, bias, dynamic))
		return 0;
	if (t.gnu_hash)
		search_gnu(&t, w);
	else
		search_sysv(&t, w);
	return w->found != 0;
}

static int search(struct dl_phdr_info *info, size_t size, void *raw)
{
	struct wanted *w = raw;

	(void)size;
	if (!w->is_behind) {
		w->is_behind = (uint32_t)holds(info, (uintptr_t)&loaded_next);
		return 0;
	}
	return search_in(w, info->dlpi_addr, dynamic_of(info));
}

/* The loader's list as the program's own headers lead to it, with no call of a function that somebody may stand in for:
 * ThreadSanitizer's dl_iterate_phdr starts its whole machinery, which asks for our dlsym before that is ready. */
static const struct r_debug *own_list(void)
{
	const Elf64_Phdr *p = (const Elf64_Phdr *)getauxval(AT_PHDR);
	uintptr_t bias = 0;

	for (unsigned long i = 0; p && i < getauxval(AT_PHNUM); i++)
		if (p[i].p_type == PT_PHDR)
			bias = (uintptr_t)p - p[i].p_vaddr;
	for (unsigned long i = 0; p && i < getauxval(AT_PHNUM); i++)
		for (const Elf64_Dyn *d = p[i].p_type == PT_DYNAMIC ? (const Elf64_Dyn *)(bias + p[i].p_vaddr) : 0;
		     d && d->d_tag != DT_NULL; d++)
			if (d->d_tag == DT_DEBUG)
				return (const struct r_debug *)d->d_un.d_ptr;
	return 0;
}

/* While a library is being loaded the list is not to be followed. */
static int search_list(struct wanted *w)
{
	const struct r_debug *list = own_list();

	if (!list || !list->r_map || list->r_state != RT_CONSISTENT)
		return 0;
	for (const struct link_map *m = list->r_map; m; m = m->l_next)
		if (!w->is_behind)
			w->is_behind = m->l_ld == _DYNAMIC;
		else if (search_in(w, m->l_addr, m->l_ld))
			break;
	return w->is_behind;
}

static struct wanted want(const char *name, uint32_t is_behind)
{
	struct wanted w = {.name = name, .is_behind = is_behind, .gnu_hash = 5381};

	for (const unsigned char *c = (const unsigned char *)name; *c; c++) {
		w.gnu_hash = w.gnu_hash * 33 + *c;
		w.hash = (w.hash << 4) + *c;
		w.hash = (w.hash ^ (w.hash >> 24 & 0xf0)) & 0x0fffffff;
	}
	return w;
}

void *loaded_in(const struct link_map *map, const char *name)
{
	struct wanted w = want(name, 1);

	search_in(&w, map->l_addr, map->l_ld);
	return w.found ? w.found : w.hidden;
}

static void *look_for(const char *name, uint32_t is_behind)
{
	struct wanted w = want(name, is_behind);

	if (!search_list(&w))
		dl_iterate_phdr(search, &w);
	return w.found ? w.found : w.hidden;
}

void *loaded_next(const char *name)
{
	return look_for(name, 0);
}

void *loaded_first(const char *name)
{
	return look_for(name, 1);
}

struct place {
	uintptr_t address;
	const char *path;
};

static int find_place(struct dl_phdr_info *info, size_t size, void *raw)
{
	struct place *p = raw;

	(void)size;
	if (!holds(info, p->address))
		return 0;
	p->path = info->dlpi_name ? info->dlpi_name : "";
	return 1;
}

/* The object of a list entry as dl_iterate_phdr would tell of it. Returns 0 if its headers are not where they should be. */
static int describe(const struct link_map *m, int is_program, struct dl_phdr_info *info)
{
	const Elf64_Ehdr *head = (const Elf64_Ehdr *)m->l_addr;

	*info = (struct dl_phdr_info){.dlpi_addr = m->l_addr, .dlpi_name = m->l_name};
	if (is_program) {
		info->dlpi_phdr = (const Elf64_Phdr *)getauxval(AT_PHDR);
		info->dlpi_phnum = (Elf64_Half)getauxval(AT_PHNUM);
		return info->dlpi_phdr != 0;
	}
	if (!m->l_addr || m->l_addr % 4096 || !readable_word(m->l_addr) || *(const uint32_t *)head != *(const uint32_t *)ELFMAG)
		return 0;
	info->dlpi_phdr = (const Elf64_Phdr *)(m->l_addr + head->e_phoff);
	info->dlpi_phnum = head->e_phnum;
	return 1;
}

const char *loaded_path(const void *address)
{
	struct place p = {(uintptr_t)address, 0};
	const struct r_debug *list = own_list();
	const struct link_map *m = list && list->r_state == RT_CONSISTENT ? list->r_map : 0;
	struct dl_phdr_info info;

	for (int is_program = 1; m && !p.path; m = m->l_next, is_program = 0)
		if (describe(m, is_program, &info))
			find_place(&info, sizeof info, &p);
	if (!p.path)
		dl_iterate_phdr(find_place, &p);
	return p.path;
}

size_t loaded_file(const void *address, char *path, size_t size)
{
	const char *name = loaded_path(address);
	size_t length;
	long fd;

	path[0] = 0;
	if (!name || !*name)
		return 0;
	fd = sys_call6(SYS_openat, AT_FDCWD, (long)name, O_PATH | O_CLOEXEC, 0, 0, 0);
	if (fd < 0)
		return 0;
	length = proc_path_of(fd, path, size);
	sys_call3(SYS_close, fd, 0, 0);
	return length;
}

struct asker {
	uintptr_t address;
	int objects, is_known, has_own;
};

static int look_at_paths(struct dl_phdr_info *info, size_t size, void *raw)
{
	struct asker *a = raw;
	int is_it = holds(info, a->address), is_program = !a->objects++;

	(void)size;
	a->is_known |= is_it;
	for (const Elf64_Dyn *d = dynamic_of(info); d && d->d_tag != DT_NULL; d++)
		a->has_own |= (d->d_tag == DT_RPATH && !is_program) || (d->d_tag == DT_RUNPATH && is_it);
	return 0;
}

int loaded_is_nobody(uintptr_t caller, int by_path)
{
	struct asker a = {.address = caller};

	dl_iterate_phdr(look_at_paths, &a);
	return a.is_known && (by_path || !a.has_own);
}

/* The program comes first; the loader has written the place of its list into it. */
static int find_list(struct dl_phdr_info *info, size_t size, void *raw)
{
	(void)size;
	for (const Elf64_Dyn *d = dynamic_of(info); d && d->d_tag != DT_NULL; d++)
		if (d->d_tag == DT_DEBUG)
			*(const struct r_debug **)raw = (const struct r_debug *)d->d_un.d_ptr;
	return 1;
}

const struct r_debug *loaded_list(void)
{
	static const struct r_debug none = {.r_state = RT_ADD};
	const struct r_debug *list = 0;

	dl_iterate_phdr(find_list, &list);
	if (!list)
		list = loaded_next("_r_debug");
	return list ? list : &none;
}

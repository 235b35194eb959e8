/* SPDX-License-Identifier: MIT */
/* One object file on disk: see image.h. Functions from its symbol tables. */
#include <errno.h>
#include <elfutils/libdwelf.h>
#include <elfutils/libdwfl.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "calls.h"
#include "fetch.h"
#include "image.h"
#include "image_private.h"

static const Dwfl_Callbacks callbacks = {
	.find_elf = dwfl_build_id_find_elf,
	.find_debuginfo = fetch_debuginfo,
	.section_address = dwfl_offline_section_address,
};

static bool has_traced_id(Elf *elf, const struct module *module)
{
	const void *id;
	ssize_t size;

	if (!module->build_id_size)
		return true;
	size = dwelf_elf_gnu_build_id(elf, &id);
	return size == (ssize_t)module->build_id_size &&
	       !memcmp(id, module->build_id, module->build_id_size);
}

static enum image_state open_file(struct image *image)
{
	const char *path = image->module->path;
	GElf_Addr bias;
	Elf *elf;
	int fd;

	if (path[0] != '/')
		return IMAGE_NAMELESS;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0) {
		image->error = errno;
		return IMAGE_GONE;
	}
	image->dwfl = dwfl_begin(&callbacks);
	if (!image->dwfl) {
		close(fd);
		return IMAGE_GONE;
	}
	image->mod = dwfl_report_offline(image->dwfl, path, path, fd);
	if (!image->mod) {
		close(fd);
		return IMAGE_GONE;
	}
	dwfl_report_end(image->dwfl, NULL, NULL);
	elf = dwfl_module_getelf(image->mod, &bias);
	if (!elf)
		return IMAGE_GONE;
	image->elf_bias = bias;
	return has_traced_id(elf, image->module) ? IMAGE_GOOD : IMAGE_CHANGED;
}

struct image *image_open(struct pool *p, const struct module *module)
{
	struct image *image = pool_take(p, sizeof(*image));

	image->pool = p;
	image->module = module;
	image->state = open_file(image);
	return image;
}

enum image_state image_state(const struct image *image)
{
	return image->state;
}

const char *image_error(const struct image *image)
{
	if (image->error == ENOENT || image->error == ENOTDIR)
		return "is gone";
	return image->error ? pool_print(image->pool, "cannot be opened: %s", strerror(image->error)) : "cannot be read";
}

void image_close(struct image *image)
{
	if (image->cfi)
		dwarf_cfi_end(image->cfi);
	free(image->symbols);
	image_lines_close(image);
	if (image->dwfl)
		dwfl_end(image->dwfl);
}

/* Of several names for one address: fewest leading underscores, then shortest, then first
 * in the alphabet, so that every build and machine chooses the same. */
static int name_order(const char *a, const char *b)
{
	size_t underscores_a = strspn(a, "_"), underscores_b = strspn(b, "_");
	size_t length_a = strcspn(a, "@"), length_b = strcspn(b, "@"); /* without version */

	if (underscores_a != underscores_b)
		return underscores_a < underscores_b ? -1 : 1;
	if (length_a != length_b)
		return length_a < length_b ? -1 : 1;
	return strcmp(a, b);
}

static int symbol_order(const void *left, const void *right)
{
	const struct symbol *a = left, *b = right;

	if (a->start != b->start)
		return a->start < b->start ? -1 : 1;
	return name_order(a->name, b->name);
}

static bool is_function(const GElf_Sym *sym, GElf_Word section)
{
	unsigned type = GELF_ST_TYPE(sym->st_info);

	return section != SHN_UNDEF &&
	       (type == STT_FUNC || type == STT_GNU_IFUNC ||
		(type == STT_NOTYPE && GELF_ST_BIND(sym->st_info) == STB_GLOBAL));
}

static void load_symbols(struct image *image)
{
	int count = dwfl_module_getsymtab(image->mod);

	image->has_symbols = true;
	if (count <= 0)
		return;
	image->symbols = pool_regrow(NULL, (size_t)count, sizeof(*image->symbols));
	for (int i = 1; i < count; i++) {
		struct symbol *to = &image->symbols[image->symbol_count];
		GElf_Word section;
		GElf_Addr address;
		GElf_Sym sym;
		const char *name = dwfl_module_getsym_info(image->mod, i, &sym, &address, &section,
							   NULL, NULL);

		if (!name || !*name || !is_function(&sym, section))
			continue;
		to->start = address - image->elf_bias;
		to->size = sym.st_size;
		to->name = name;
		to->is_exported = GELF_ST_BIND(sym.st_info) != STB_LOCAL;
		image->symbol_count++;
	}
	qsort(image->symbols, image->symbol_count, sizeof(*image->symbols), symbol_order);
}

/* Index of the last symbol that starts at or before the address, -1 if there is none. */
static ssize_t last_before(const struct image *image, uint64_t address)
{
	size_t low = 0, high = image->symbol_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (image->symbols[middle].start <= address)
			low = middle + 1;
		else
			high = middle;
	}
	return (ssize_t)low - 1;
}

const char *image_symbol(struct image *image, uint64_t address, bool exported)
{
	const struct symbol *best = NULL;
	ssize_t at;

	if (image->state != IMAGE_GOOD)
		return NULL;
	if (!image->has_symbols)
		load_symbols(image);
	at = last_before(image, address);
	/* Symbols without a size reach to the next one; nested ones are rare and near. */
	for (int tries = 0; at >= 0 && tries < 16; at--, tries++) {
		const struct symbol *s = &image->symbols[at];
		bool covers = s->size ? address - s->start < s->size : tries == 0;

		if (best && s->start != best->start)
			break;
		if (covers && (s->is_exported || !exported))
			best = s;
	}
	return best ? best->name : NULL;
}

bool image_unwinds(struct image *image, uint64_t address)
{
	Dwarf_Frame *frame;
	GElf_Addr bias;

	if (image->state != IMAGE_GOOD)
		return true;
	if (!image->has_cfi) {
		Elf *elf = dwfl_module_getelf(image->mod, &bias);

		image->has_cfi = true;
		image->cfi = elf ? dwarf_getcfi_elf(elf) : NULL;
	}
	if (!image->cfi || dwarf_cfi_addrframe(image->cfi, address, &frame))
		return false;
	free(frame);
	return true;
}

const char *image_import(struct image *image, uint64_t address)
{
	GElf_Addr bias;
	Elf *elf;

	if (image->state != IMAGE_GOOD)
		return NULL;
	elf = dwfl_module_getelf(image->mod, &bias);
	return elf ? calls_import(elf, address) : NULL;
}

static Elf *elf_of(struct image *image)
{
	GElf_Addr bias;

	return image->state == IMAGE_GOOD ? dwfl_module_getelf(image->mod, &bias) : NULL;
}

const char *image_stub(struct image *image, uint64_t entry)
{
	Elf *elf = elf_of(image);

	return elf ? calls_stub(elf, entry) : NULL;
}

const char *image_slot(struct image *image, uint64_t slot)
{
	Elf *elf = elf_of(image);

	return elf ? calls_slot(elf, slot) : NULL;
}

void *image_elf(struct image *image)
{
	return elf_of(image);
}

bool image_returns_to(struct image *image, uint64_t address)
{
	Elf *elf = elf_of(image);

	return !elf || calls_returns_to(elf, address);
}

void image_disown(struct image *image)
{
	image->state = IMAGE_CHANGED;
}

const unsigned char *image_bytes(struct image *image, uint64_t address, uint64_t *most)
{
	Elf *elf = elf_of(image);

	return elf ? calls_bytes(elf, address, 1, most) : NULL;
}

static bool bounds_by_symbol(struct image *image, uint64_t address, uint64_t *start, uint64_t *end)
{
	ssize_t at;

	if (!image->has_symbols)
		load_symbols(image);
	at = last_before(image, address);
	if (at < 0 || !image->symbols[at].size || address - image->symbols[at].start >= image->symbols[at].size)
		return false;
	*start = image->symbols[at].start;
	*end = *start + image->symbols[at].size;
	return true;
}

bool image_bounds(struct image *image, uint64_t address, uint64_t *start, uint64_t *end)
{
	Dwarf_Frame *frame;
	Dwarf_Addr from, to;

	if (image->state != IMAGE_GOOD)
		return false;
	if (bounds_by_symbol(image, address, start, end))
		return true;
	image_unwinds(image, address);
	if (!image->cfi || dwarf_cfi_addrframe(image->cfi, address, &frame))
		return false;
	dwarf_frame_info(frame, &from, &to, NULL);
	free(frame);
	*start = from; /* of a row of the table, not of the function */
	*end = to;
	return true;
}

uint64_t image_export(struct image *image, const char *name)
{
	if (image->state != IMAGE_GOOD)
		return 0;
	if (!image->has_symbols)
		load_symbols(image);
	for (size_t i = 0; i < image->symbol_count; i++)
		if (image->symbols[i].is_exported && !strcmp(image->symbols[i].name, name))
			return image->symbols[i].start;
	return 0;
}

uint64_t image_find(struct image *image, bool (*is_it)(void *to, const char *name), void *to)
{
	if (image->state != IMAGE_GOOD)
		return 0;
	if (!image->has_symbols)
		load_symbols(image);
	for (size_t i = 0; i < image->symbol_count; i++)
		if (is_it(to, image->symbols[i].name))
			return image->symbols[i].start;
	return 0;
}

const char *image_variable(struct image *image, uint64_t address, uint64_t *start)
{
	int count = image->state == IMAGE_GOOD ? dwfl_module_getsymtab(image->mod) : 0;

	for (int i = 1; i < count; i++) {
		GElf_Sym sym;
		GElf_Addr at;
		const char *name = dwfl_module_getsym_info(image->mod, i, &sym, &at, NULL, NULL, NULL);

		if (!name || !*name || (GELF_ST_TYPE(sym.st_info) != STT_OBJECT && GELF_ST_TYPE(sym.st_info) != STT_TLS))
			continue;
		at -= image->elf_bias;
		if (address < at || address - at >= sym.st_size)
			continue;
		*start = at;
		return name;
	}
	return NULL;
}

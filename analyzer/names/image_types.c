/* SPDX-License-Identifier: MIT */
/*
 * One object file on disk: the types of its variables from its debug information. Read for one answer at a time: nothing
 * is kept.
 */
#include <elfutils/version.h>
#include <dwarf.h>
#include <string.h>
#include <unistd.h>

#include "image_private.h"

#define NESTING_MAX 16  /* blocks, name spaces, structures in one another */
#define FIELD_MAX 512u  /* of a field's name */

static Dwarf *debug_of(struct image *image)
{
	Dwarf_Addr bias;

	return image->state == IMAGE_GOOD ? dwfl_module_getdwarf(image->mod, &bias) : NULL;
}

/* The address stands in the operation, or in a table that it names: clang's DWARF 5, and what was split off. */
static bool is_at(Dwarf_Die *die, uint64_t address)
{
	Dwarf_Attribute attr, place;
	Dwarf_Addr named;
	Dwarf_Op *ops;
	size_t count;

	if (dwarf_tag(die) != DW_TAG_variable || !dwarf_attr(die, DW_AT_location, &attr) ||
	    dwarf_getlocation(&attr, &ops, &count) || count != 1)
		return false;
	if (ops[0].atom == DW_OP_addr)
		return ops[0].number == address;
	if (ops[0].atom != DW_OP_addrx && ops[0].atom != DW_OP_GNU_addr_index)
		return false;
	return !dwarf_getlocation_attr(&attr, &ops[0], &place) && !dwarf_formaddr(&place, &named) && named == address;
}

/* The variable at an address among the children of a DIE, and theirs. */
static bool find_variable(Dwarf_Die *die, uint64_t address, Dwarf_Die *found, unsigned depth)
{
	Dwarf_Die child;

	if (depth > NESTING_MAX || dwarf_child(die, &child))
		return false;
	do {
		int tag = dwarf_tag(&child);

		if (is_at(&child, address)) {
			*found = child;
			return true;
		}
		if ((tag == DW_TAG_namespace || tag == DW_TAG_subprogram || tag == DW_TAG_lexical_block) &&
		    find_variable(&child, address, found, depth + 1))
			return true;
	} while (!dwarf_siblingof(&child, &child));
	return false;
}

/* What typedefs and qualifiers stand for. */
static bool bare_type(Dwarf_Die *die, Dwarf_Die *type)
{
	Dwarf_Attribute attr;

	return dwarf_formref_die(dwarf_attr_integrate(die, DW_AT_type, &attr), type) && !dwarf_peel_type(type, type);
}

bool image_declared(struct image *image, uint64_t variable, struct image_variable *v)
{
	Dwarf *debug = debug_of(image);
	Dwarf_CU *unit = NULL;
	Dwarf_Die top, die, type;
	int line = 0;

	memset(v, 0, sizeof(*v));
	while (debug && !dwarf_get_units(debug, unit, &unit, NULL, NULL, &top, NULL)) {
		if (!find_variable(&top, variable, &die, 0))
			continue;
		v->file = dwarf_decl_file(&die);
		v->line = dwarf_decl_line(&die, &line) ? 0 : (unsigned)line;
		v->type = bare_type(&die, &type) ? dwarf_dieoffset(&type) : 0;
		return true;
	}
	return false;
}

static uint64_t number_of(Dwarf_Die *die, unsigned name, uint64_t otherwise)
{
	Dwarf_Attribute attr;
	Dwarf_Word value;

	return dwarf_attr_integrate(die, name, &attr) && !dwarf_formudata(&attr, &value) ? value : otherwise;
}

/* The member of a structure that an offset lies in; *offset becomes the rest. */
static bool find_member(Dwarf_Die *type, uint64_t *offset, Dwarf_Die *member)
{
	Dwarf_Die child, inner;

	if (dwarf_child(type, &child))
		return false;
	do {
		uint64_t at = number_of(&child, DW_AT_data_member_location, 0);
		Dwarf_Word size;
		int tag = dwarf_tag(&child);

		if ((tag != DW_TAG_member && tag != DW_TAG_inheritance) || at > *offset || !bare_type(&child, &inner) ||
		    dwarf_aggregate_size(&inner, &size) || *offset - at >= size)
			continue;
		*offset -= at;
		*member = child;
		return true;
	} while (!dwarf_siblingof(&child, &child));
	return false;
}

static void append(char *to, const char *before, const char *name)
{
	size_t used = strlen(to);

	snprintf(to + used, FIELD_MAX - used, "%s%s", before, name);
}

/* Goes into structures and arrays until there is a pointer or nothing more to go into. */
static bool descend(Dwarf_Die *type, uint64_t offset, char *text, unsigned depth)
{
	Dwarf_Die inner, member;
	Dwarf_Word size;
	char index[32];

	switch (dwarf_tag(type)) {
	case DW_TAG_structure_type:
	case DW_TAG_class_type:
	case DW_TAG_union_type:
		if (depth > NESTING_MAX || !find_member(type, &offset, &member) || !bare_type(&member, &inner))
			return false;
		if (dwarf_diename(&member) && dwarf_tag(&member) == DW_TAG_member)
			append(text, *text ? "." : "", dwarf_diename(&member));
		*type = inner;
		return descend(type, offset, text, depth + 1);
	case DW_TAG_array_type:
		if (depth > NESTING_MAX || !bare_type(type, &inner) || dwarf_aggregate_size(&inner, &size) || !size)
			return false;
		snprintf(index, sizeof(index), "[%llu]", (unsigned long long)(offset / size));
		append(text, "", index);
		*type = inner;
		return descend(type, offset % size, text, depth + 1);
	default:
		return true;
	}
}

const char *image_field(struct pool *p, struct image *image, uint64_t type, uint64_t offset, uint64_t *pointee)
{
	Dwarf *debug = debug_of(image);
	Dwarf_Die die, target;
	char text[FIELD_MAX] = "";
	const char *name;
	int tag;

	*pointee = 0;
	if (!type || !debug || !dwarf_offdie(debug, type, &die))
		return NULL;
	name = dwarf_diename(&die);
	tag = dwarf_tag(&die);
	if (!descend(&die, offset, text, 0))
		return NULL;
	if (dwarf_tag(&die) == DW_TAG_pointer_type && bare_type(&die, &target))
		*pointee = dwarf_dieoffset(&target);
	if (!*text)
		return "";
	if (!name)
		return pool_print(p, "%s%s", *text == '[' ? "" : ".", text);
	return pool_print(p, "%s%s.%s", tag == DW_TAG_structure_type ? "struct " : "", name, text);
}

#define COMPRESSED_BY_ZSTD 2 /* as sections say it; older headers have no name for it */

/* Why a file that has debug information gives none. */
static const char *why_none(struct image *image)
{
	GElf_Addr bias;
	Elf *elf = dwfl_module_getelf(image->mod, &bias);
	Elf_Scn *section = NULL;
	size_t names = 0;

	if (!elf || elf_getshdrstrndx(elf, &names))
		return NULL;
	while ((section = elf_nextscn(elf, section))) {
		GElf_Shdr header;
		GElf_Chdr compressed;
		const char *name = gelf_getshdr(section, &header) ? elf_strptr(elf, names, header.sh_name) : NULL;

		if (!name || strcmp(name, ".debug_info"))
			continue;
		if (header.sh_flags & SHF_COMPRESSED && gelf_getchdr(section, &compressed) &&
		    compressed.ch_type == COMPRESSED_BY_ZSTD)
			return "is compressed by zstd, which this elfutils cannot read; objcopy --decompress-debug-sections FILE helps";
		return "cannot be read";
	}
	return NULL;
}

/* Units whose part in a file of its own (*.dwo, *.dwp) was not found. */
static unsigned missing_parts(struct image *image)
{
	unsigned missing = 0;

	for (uint32_t i = 0; i < image->unit_count; i++) {
		Dwarf_Die unit, part;
		uint8_t type = 0;

		if (!dwarf_cu_die(image->units[i].die.cu, &unit, NULL, NULL, NULL, NULL, NULL, NULL) ||
		    dwarf_cu_info(image->units[i].die.cu, NULL, &type, NULL, &part, NULL, NULL, NULL))
			continue;
		missing += type == DW_UT_skeleton && !part.addr;
	}
	return missing;
}

#define READS_PACKAGES _ELFUTILS_PREREQ(0, 191)

static const char *why_parts(struct image *image, unsigned missing)
{
	const char *package = pool_print(image->pool, "%s.dwp", image->module->path);

	if (!READS_PACKAGES && !access(package, R_OK))
		return pool_print(image->pool,
				  "its debug information lies in %s, which elfutils before 0.191 cannot read: inlined functions are not "
				  "shown; keep the .dwo files where they were made",
				  package);
	return pool_print(image->pool, "%u of its .dwo files, or the .dwp file, were not found: inlined functions are not shown", missing);
}

const char *image_unread(struct image *image)
{
	const char *why;
	unsigned missing;

	if (image->state != IMAGE_GOOD || !image->has_units)
		return NULL;
	if (!image->dwarf || !image->unit_count) {
		why = why_none(image);
		return why ? pool_print(image->pool, "its debug information %s", why) : NULL;
	}
	missing = missing_parts(image);
	return missing ? why_parts(image, missing) : NULL;
}

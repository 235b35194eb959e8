/* SPDX-License-Identifier: MIT */
/*
 * One object file on disk: lines and inlined calls from its debug information.
 *
 * An address leads to a unit, the unit to a function, the function to a chain of inlined
 * calls. Units are indexed once for a file and functions once for a unit, when they are
 * first asked for; without these indices a large unit would be walked for every address.
 */
#include <dwarf.h>
#include <stdlib.h>
#include <string.h>

#include "demangle.h"
#include "image_private.h"

#define CHAIN_MAX 64   /* inlined calls in one another */
#define NESTING_MAX 64 /* name spaces and types in one another */

struct span_list {
	struct span *spans;
	uint32_t count, room;
};

static void list_add(struct span_list *list, Dwarf_Die *die, uint32_t unit)
{
	Dwarf_Addr base, start, end;
	ptrdiff_t at = 0;

	while ((at = dwarf_ranges(die, at, &base, &start, &end)) > 0) {
		if (start >= end)
			continue;
		if (list->count == list->room) {
			list->room = list->room ? list->room * 2 : 64;
			list->spans = pool_regrow(list->spans, list->room, sizeof(*list->spans));
		}
		list->spans[list->count++] = (struct span){
			.start = start, .end = end, .die = dwarf_dieoffset(die), .unit = unit
		};
	}
}

static int span_order(const void *left, const void *right)
{
	const struct span *a = left, *b = right;

	if (a->start != b->start)
		return a->start < b->start ? -1 : 1;
	return a->end < b->end ? 1 : a->end > b->end ? -1 : 0;
}

static const struct span *span_find(const struct span *spans, uint32_t count, uint64_t address)
{
	uint32_t low = 0, high = count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (spans[middle].start <= address)
			low = middle + 1;
		else
			high = middle;
	}
	/* Spans seldom overlap; where they do, look a little further back. */
	for (int tries = 0; low > 0 && tries < 8; tries++)
		if (address < spans[--low].end)
			return &spans[low];
	return NULL;
}

static void load_units(struct image *image)
{
	struct span_list list = { 0 };
	uint32_t room = 0;
	Dwarf_Die *die = NULL;
	Dwarf_Addr bias;

	image->has_units = true;
	image->dwarf = dwfl_module_getdwarf(image->mod, &bias);
	if (!image->dwarf)
		return;
	image->dwarf_bias = bias;
	while ((die = dwfl_module_nextcu(image->mod, die, &bias))) {
		if (image->unit_count == room) {
			room = room ? room * 2 : 64;
			image->units = pool_regrow(image->units, room, sizeof(*image->units));
		}
		image->units[image->unit_count] = (struct unit){ .die = *die };
		list_add(&list, die, image->unit_count++);
	}
	if (list.count)
		qsort(list.spans, list.count, sizeof(*list.spans), span_order);
	image->spans = list.spans;
	image->span_count = list.count;
}

void image_load_units(struct image *image)
{
	if (!image->has_units)
		load_units(image);
}

static void each_function(Dwarf_Die *parent, void (*use)(void *data, Dwarf_Die *function), void *data, int nesting)
{
	Dwarf_Die die;

	if (nesting > NESTING_MAX || dwarf_child(parent, &die))
		return;
	do {
		switch (dwarf_tag(&die)) {
		case DW_TAG_subprogram:
			use(data, &die);
			break;
		case DW_TAG_namespace:
		case DW_TAG_module:
		case DW_TAG_class_type:
		case DW_TAG_structure_type:
			each_function(&die, use, data, nesting + 1);
			break;
		default:
			break;
		}
	} while (!dwarf_siblingof(&die, &die));
}

void image_each_function(Dwarf_Die *unit, void (*use)(void *data, Dwarf_Die *function), void *data)
{
	each_function(unit, use, data, 0);
}

static void add_function(void *list, Dwarf_Die *function)
{
	list_add(list, function, 0);
}

static void load_functions(struct unit *unit)
{
	struct span_list list = { 0 };

	image_each_function(&unit->die, add_function, &list);
	if (!list.count)
		list.spans = pool_regrow(NULL, 1, sizeof(*list.spans));
	else
		qsort(list.spans, list.count, sizeof(*list.spans), span_order);
	unit->functions = list.spans;
	unit->function_count = list.count;
}

/* The innermost DIE of inlined calls at an address: fills chain from the function (index 0)
 * inwards and returns its length. */
static unsigned inlined_chain(Dwarf_Die *function, uint64_t address, Dwarf_Die *chain)
{
	Dwarf_Die parent = *function, die;
	unsigned length = 1;
	bool deeper = true;

	chain[0] = *function;
	for (int steps = 0; deeper && steps < 4 * CHAIN_MAX; steps++) {
		deeper = false;
		if (dwarf_child(&parent, &die))
			break;
		do {
			int tag = dwarf_tag(&die);

			if ((tag != DW_TAG_inlined_subroutine && tag != DW_TAG_lexical_block) ||
			    dwarf_haspc(&die, address) != 1)
				continue;
			if (tag == DW_TAG_inlined_subroutine && length < CHAIN_MAX)
				chain[length++] = die;
			parent = die;
			deeper = true;
			break;
		} while (!dwarf_siblingof(&die, &die));
	}
	return length;
}

static const char *die_name(struct image *image, Dwarf_Die *die)
{
	Dwarf_Attribute attribute;
	const char *name = NULL;

	if (dwarf_attr_integrate(die, DW_AT_linkage_name, &attribute) ||
	    dwarf_attr_integrate(die, DW_AT_MIPS_linkage_name, &attribute))
		name = dwarf_formstring(&attribute);
	if (name)
		return demangle(image->pool, name);
	if (dwarf_attr_integrate(die, DW_AT_name, &attribute))
		name = dwarf_formstring(&attribute);
	return name ? pool_text(image->pool, name) : NULL;
}

static unsigned die_number(Dwarf_Die *die, unsigned which)
{
	Dwarf_Attribute attribute;
	Dwarf_Word value;

	if (!dwarf_attr(die, which, &attribute) || dwarf_formudata(&attribute, &value))
		return 0;
	return value > UINT32_MAX ? 0 : (unsigned)value;
}

static const char *file_path(struct image *image, Dwarf_Die *unit, const char *name)
{
	Dwarf_Attribute attribute;
	const char *folder;

	if (!name)
		return NULL;
	if (name[0] == '/' || !dwarf_attr(unit, DW_AT_comp_dir, &attribute) ||
	    !(folder = dwarf_formstring(&attribute)))
		return pool_text(image->pool, name);
	return pool_print(image->pool, "%s/%s", folder, name);
}

/* Where an inlined call stands in the frame around it. */
static void call_place(struct image *image, Dwarf_Die *unit, Dwarf_Die *die, struct frame *outer)
{
	unsigned file = die_number(die, DW_AT_call_file);
	Dwarf_Files *files;
	size_t count;

	outer->line = die_number(die, DW_AT_call_line);
	if (!dwarf_getsrcfiles(unit, &files, &count) && file < count)
		outer->file = file_path(image, unit, dwarf_filesrc(files, file, NULL, NULL));
	if (!outer->file)
		outer->line = 0;
}

static void line_place(struct image *image, Dwarf_Die *unit, uint64_t address, struct frame *frame)
{
	Dwarf_Line *line = dwarf_getsrc_die(unit, address);
	int number = 0;

	if (!line || dwarf_lineno(line, &number) || number <= 0)
		return;
	frame->file = file_path(image, unit, dwarf_linesrc(line, NULL, NULL));
	frame->line = frame->file ? (unsigned)number : 0;
}

/* The type of what a function returns, without names and qualifiers; 0: nothing. */
static int result_tag(Dwarf_Die *function)
{
	Dwarf_Attribute attribute;
	Dwarf_Die type;

	if (!dwarf_attr_integrate(function, DW_AT_type, &attribute) || !dwarf_formref_die(&attribute, &type))
		return 0;
	for (unsigned k = 0; k < 16; k++) {
		int tag = dwarf_tag(&type);

		if (tag != DW_TAG_typedef && tag != DW_TAG_const_type && tag != DW_TAG_volatile_type)
			return tag;
		if (!dwarf_attr(&type, DW_AT_type, &attribute) || !dwarf_formref_die(&attribute, &type))
			return 0;
	}
	return 0;
}

static bool is_implied(Dwarf_Die *function)
{
	Dwarf_Attribute attribute;
	bool is = false;

	return dwarf_attr_integrate(function, DW_AT_artificial, &attribute) && !dwarf_formflag(&attribute, &is) && is;
}

unsigned image_frames(struct image *image, uint64_t address, struct frame *frames, unsigned max)
{
	Dwarf_Die chain[CHAIN_MAX], function;
	const struct span *span;
	struct unit *unit;
	unsigned length, count = 0;

	if (image->state != IMAGE_GOOD || !max)
		return 0;
	image_load_units(image);
	address += image->elf_bias - image->dwarf_bias;
	span = span_find(image->spans, image->span_count, address);
	if (!span)
		return 0;
	unit = &image->units[span->unit];
	if (!unit->functions)
		load_functions(unit);
	memset(frames, 0, max * sizeof(*frames));
	line_place(image, &unit->die, address, &frames[0]);
	span = span_find(unit->functions, unit->function_count, address);
	if (!span || !dwarf_offdie(image->dwarf, span->die, &function))
		return frames[0].file ? 1 : 0;
	length = inlined_chain(&function, address, chain);
	while (length > max)
		length--;
	while (length-- > 0) {
		frames[count].function = die_name(image, &chain[length]);
		frames[count].is_inlined = length > 0;
		frames[count].gives_pointer = result_tag(&chain[length]) == DW_TAG_pointer_type;
		frames[count].is_implied = is_implied(&chain[length]);
		if (length > 0)
			call_place(image, &unit->die, &chain[length], &frames[count + 1]);
		count++;
	}
	return count;
}

/* Line entries of the unit around an address. Returns how many, and by how much their addresses differ from the file's. */
static size_t lines_around(struct image *image, uint64_t address, Dwarf_Lines **lines, uint64_t *bias)
{
	const struct span *span;
	size_t count = 0;

	if (image->state != IMAGE_GOOD)
		return 0;
	image_load_units(image);
	*bias = image->elf_bias - image->dwarf_bias;
	span = span_find(image->spans, image->span_count, address + *bias);
	return span && !dwarf_getsrclines(&image->units[span->unit].die, lines, &count) ? count : 0;
}

struct line_entry {
	uint64_t address;
	unsigned line;
	const char *file;
};

static bool line_entry(Dwarf_Lines *lines, size_t i, uint64_t bias, struct line_entry *e)
{
	Dwarf_Line *l = dwarf_onesrcline(lines, i);
	Dwarf_Addr at;
	int number;

	if (!l || dwarf_lineaddr(l, &at) || dwarf_lineno(l, &number) || !(e->file = dwarf_linesrc(l, NULL, NULL)))
		return false;
	e->address = at - bias;
	e->line = (unsigned)number;
	return true;
}

/* The file of a line, of code before an address or else from there on. */
static const char *file_of_line(Dwarf_Lines *lines, size_t count, uint64_t bias, uint64_t address, uint64_t end, unsigned line)
{
	const char *later = NULL;
	struct line_entry e;

	for (size_t i = 0; i < count; i++) {
		if (!line_entry(lines, i, bias, &e) || e.line != line)
			continue;
		if (e.address <= address)
			return e.file;
		if (e.address < end && !later)
			later = e.file;
	}
	return later;
}

unsigned image_line_after(struct image *image, uint64_t address, uint64_t end, unsigned line)
{
	struct line_entry e;
	Dwarf_Lines *lines;
	unsigned best = 0;
	uint64_t bias;
	size_t count = lines_around(image, address, &lines, &bias);
	const char *file = count ? file_of_line(lines, count, bias, address, end, line) : NULL;

	for (size_t i = 0; i < count && file; i++)
		if (line_entry(lines, i, bias, &e) && e.address >= address && e.address < end && e.line > line && !strcmp(file, e.file) &&
		    (!best || e.line < best))
			best = e.line;
	return best;
}

unsigned image_line_last(struct image *image, uint64_t start, uint64_t end, unsigned line)
{
	unsigned last = 0, before = 0;
	const char *file = NULL;
	struct line_entry e;
	Dwarf_Lines *lines;
	uint64_t bias;
	size_t count = lines_around(image, start, &lines, &bias);

	for (size_t i = 0; i < count; i++) {
		if (!line_entry(lines, i, bias, &e) || e.address < start || e.address >= end || e.line < line)
			continue;
		if (e.line == line && !file)
			file = e.file;
		if (!file || strcmp(file, e.file) || e.line == last)
			continue;
		if (e.line > last) {
			before = last;
			last = e.line;
		} else if (e.line > before) {
			before = e.line;
		}
	}
	return before;
}

bool image_function_die(struct image *image, uint64_t address, Dwarf_Die *function)
{
	const struct span *span;
	struct unit *unit;

	if (image->state != IMAGE_GOOD)
		return false;
	image_load_units(image);
	address += image->elf_bias - image->dwarf_bias;
	span = span_find(image->spans, image->span_count, address);
	if (!span)
		return false;
	unit = &image->units[span->unit];
	if (!unit->functions)
		load_functions(unit);
	span = span_find(unit->functions, unit->function_count, address);
	return span && dwarf_offdie(image->dwarf, span->die, function);
}

bool image_is_void(struct image *image, uint64_t address)
{
	Dwarf_Die function;
	Dwarf_Attribute attribute;

	return image_function_die(image, address, &function) && !dwarf_attr_integrate(&function, DW_AT_type, &attribute);
}

void image_lines_close(struct image *image)
{
	for (uint32_t i = 0; i < image->unit_count; i++)
		free(image->units[i].functions);
	free(image->units);
	free(image->spans);
}

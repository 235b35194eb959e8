/* SPDX-License-Identifier: MIT */
/* One object file on disk: which functions the compiler put into their callers. */
#include <dwarf.h>
#include <string.h>

#include "image_private.h"

#define ORIGINALS_MOST 256u /* units may have one each */
#define NESTING_MAX 64

struct search {
	const char *const *names;
	unsigned *places;
	unsigned count;
	struct {
		Dwarf_Off at;
		unsigned name;
	} originals[ORIGINALS_MOST];
	unsigned original_count;
};

static const char *linker_name(Dwarf_Die *die)
{
	Dwarf_Attribute attribute;
	const char *name = dwarf_formstring(dwarf_attr_integrate(die, DW_AT_linkage_name, &attribute));

	return name ? name : dwarf_diename(die);
}

/* What inlined copies say that they are copies of. After link-time optimisation it does not say itself that it was inlined. */
static void note_original(void *search, Dwarf_Die *die)
{
	struct search *s = search;
	const char *name = linker_name(die);

	for (unsigned i = 0; name && i < s->count && s->original_count < ORIGINALS_MOST; i++)
		if (!strcmp(name, s->names[i])) {
			s->originals[s->original_count].at = dwarf_dieoffset(die);
			s->originals[s->original_count++].name = i;
		}
}

static void count_copy(struct search *s, Dwarf_Die *die)
{
	Dwarf_Attribute attribute;
	Dwarf_Die original;

	if (!dwarf_formref_die(dwarf_attr(die, DW_AT_abstract_origin, &attribute), &original))
		return;
	for (unsigned i = 0; i < s->original_count; i++)
		if (s->originals[i].at == dwarf_dieoffset(&original))
			s->places[s->originals[i].name]++;
}

static void count_within(struct search *s, Dwarf_Die *parent, int nesting)
{
	Dwarf_Die die;

	if (nesting > NESTING_MAX || dwarf_child(parent, &die))
		return;
	do {
		int tag = dwarf_tag(&die);

		if (tag == DW_TAG_inlined_subroutine)
			count_copy(s, &die);
		if (tag == DW_TAG_inlined_subroutine || tag == DW_TAG_lexical_block)
			count_within(s, &die, nesting + 1);
	} while (!dwarf_siblingof(&die, &die));
}

/* Only functions that have code, not what they are copies of. */
static void count_copies(void *search, Dwarf_Die *function)
{
	if (dwarf_hasattr(function, DW_AT_low_pc) || dwarf_hasattr(function, DW_AT_ranges))
		count_within(search, function, 0);
}

void image_inlined(struct image *image, const char *const *names, unsigned *places, unsigned count)
{
	struct search s = { .names = names, .places = places, .count = count };

	if (image->state != IMAGE_GOOD)
		return;
	image_load_units(image);
	for (uint32_t i = 0; i < image->unit_count; i++)
		image_each_function(&image->units[i].die, note_original, &s);
	for (uint32_t i = 0; i < image->unit_count && s.original_count; i++)
		image_each_function(&image->units[i].die, count_copies, &s);
}

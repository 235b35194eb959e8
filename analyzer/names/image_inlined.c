/* SPDX-License-Identifier: MIT */
/* One object file on disk: which functions the compiler put into their callers. */
#include <dwarf.h>
#include <string.h>

#include "image_private.h"

#define NESTING_MAX 64

struct search {
	const char *const *names;
	bool *is_inlined;
	unsigned count;
};

static const char *linker_name(Dwarf_Die *die)
{
	Dwarf_Attribute attribute;
	const char *name = dwarf_formstring(dwarf_attr_integrate(die, DW_AT_linkage_name, &attribute));

	return name ? name : dwarf_diename(die);
}

static void look_at(const struct search *s, Dwarf_Die *die)
{
	Dwarf_Attribute attribute;
	Dwarf_Word how = 0;
	const char *name;

	if (dwarf_formudata(dwarf_attr(die, DW_AT_inline, &attribute), &how) ||
	    (how != DW_INL_inlined && how != DW_INL_declared_inlined) || !(name = linker_name(die)))
		return;
	for (unsigned i = 0; i < s->count; i++)
		if (!strcmp(name, s->names[i]))
			s->is_inlined[i] = true;
}

static void look_below(const struct search *s, Dwarf_Die *parent, int nesting)
{
	Dwarf_Die die;

	if (nesting > NESTING_MAX || dwarf_child(parent, &die))
		return;
	do {
		switch (dwarf_tag(&die)) {
		case DW_TAG_subprogram:
			look_at(s, &die);
			break;
		case DW_TAG_namespace:
		case DW_TAG_class_type:
		case DW_TAG_structure_type:
			look_below(s, &die, nesting + 1);
			break;
		default:
			break;
		}
	} while (!dwarf_siblingof(&die, &die));
}

void image_inlined(struct image *image, const char *const *names, bool *is_inlined, unsigned count)
{
	const struct search s = { names, is_inlined, count };

	if (image->state != IMAGE_GOOD)
		return;
	image_load_units(image);
	for (uint32_t i = 0; i < image->unit_count; i++)
		look_below(&s, &image->units[i].die, 0);
}

/* SPDX-License-Identifier: MIT */
/* One object file on disk: which functions the compiler put into their callers. */
#include <dwarf.h>
#include <string.h>

#include "image_private.h"

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

static void look_at(void *search, Dwarf_Die *die)
{
	const struct search *s = search;
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

void image_inlined(struct image *image, const char *const *names, bool *is_inlined, unsigned count)
{
	struct search s = { names, is_inlined, count };

	if (image->state != IMAGE_GOOD)
		return;
	image_load_units(image);
	for (uint32_t i = 0; i < image->unit_count; i++)
		image_each_function(&image->units[i].die, look_at, &s);
}

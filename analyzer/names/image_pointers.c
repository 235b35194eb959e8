/* SPDX-License-Identifier: MIT */
/*
 * One object file on disk: where variables of a function hold pointers, and what structures have members for them, from its
 * debug information.
 *
 * 1. A structure that several units describe is one and the same by its name, size and line.
 */
#include <dwarf.h>
#include <string.h>

#include "image_private.h"

#define NESTING_MAX 16	  /* structures, blocks and inlined calls in one another */
#define TYPES_MOST 4096u  /* of a file, that were asked for */
#define POINTER_SIZE 8u
#define SEARCHED_MOST 200000u /* DIEs, for where a structure is described that was only declared */

struct image_type {
	Dwarf_Off first;
	const char *name;
	Dwarf_Word size;
	unsigned line;
};

static bool type_of(Dwarf_Die *die, Dwarf_Die *type)
{
	Dwarf_Attribute attr;

	return dwarf_formref_die(dwarf_attr_integrate(die, DW_AT_type, &attr), type) && !dwarf_peel_type(type, type);
}

static bool is_pointer(Dwarf_Die *type)
{
	int tag = dwarf_tag(type);

	return tag == DW_TAG_pointer_type || tag == DW_TAG_reference_type || tag == DW_TAG_rvalue_reference_type;
}

static bool is_structure(Dwarf_Die *type)
{
	int tag = dwarf_tag(type);

	return tag == DW_TAG_structure_type || tag == DW_TAG_class_type || tag == DW_TAG_union_type;
}

static uint64_t number_of(Dwarf_Die *die, unsigned name)
{
	Dwarf_Attribute attr;
	Dwarf_Word value;

	return dwarf_attr_integrate(die, name, &attr) && !dwarf_formudata(&attr, &value) ? value : 0;
}

/* Where the same unit describes what is only declared. */
static bool find_definition(Dwarf_Die *parent, Dwarf_Die *of, unsigned depth, unsigned *searched)
{
	const char *name = dwarf_diename(of);
	Dwarf_Die die;

	if (depth > NESTING_MAX || dwarf_child(parent, &die))
		return false;
	do {
		Dwarf_Attribute attr;
		int tag = dwarf_tag(&die);

		if (++*searched > SEARCHED_MOST)
			return false;
		if (is_structure(&die) && !dwarf_hasattr(&die, DW_AT_declaration) && dwarf_diename(&die) && !strcmp(dwarf_diename(&die), name)) {
			*of = die;
			return true;
		}
		if (is_structure(&die) && dwarf_hasattr(&die, DW_AT_specification)) {
			Dwarf_Die declared;

			if (dwarf_formref_die(dwarf_attr(&die, DW_AT_specification, &attr), &declared) &&
			    dwarf_dieoffset(&declared) == dwarf_dieoffset(of)) {
				*of = die;
				return true;
			}
		}
		if ((tag == DW_TAG_namespace || is_structure(&die)) && find_definition(&die, of, depth + 1, searched))
			return true;
	} while (!dwarf_siblingof(&die, &die));
	return false;
}

static uint64_t number(struct image *image, Dwarf_Die *type)
{
	Dwarf_Word size = 0;
	struct image_type *t;
	Dwarf_Die unit;
	unsigned searched = 0;

	if (!is_structure(type))
		return dwarf_dieoffset(type);
	if (dwarf_hasattr(type, DW_AT_declaration) && dwarf_diename(type) && dwarf_diecu(type, &unit, NULL, NULL))
		find_definition(&unit, type, 0, &searched);
	dwarf_aggregate_size(type, &size);
	for (uint32_t i = 0; i < image->type_count; i++) {
		t = &image->types[i];
		if (t->size == size && t->line == number_of(type, DW_AT_decl_line) && (t->name == dwarf_diename(type) ||
		    (t->name && dwarf_diename(type) && !strcmp(t->name, dwarf_diename(type)))))
			return t->first;
	}
	if (!image->types)
		image->types = pool_array(image->pool, TYPES_MOST, sizeof(*image->types));
	if (image->type_count < TYPES_MOST)
		image->types[image->type_count++] = (struct image_type){ dwarf_dieoffset(type), dwarf_diename(type), size,
									 (unsigned)number_of(type, DW_AT_decl_line) };
	return dwarf_dieoffset(type);
}

/* What a pointer leads to; 0: it is none, or leads to anything. */
static uint64_t led_to(struct image *image, Dwarf_Die *pointer)
{
	Dwarf_Die type;

	return is_pointer(pointer) && type_of(pointer, &type) ? number(image, &type) : 0;
}

static bool open_type(struct image *image, uint64_t type, Dwarf_Die *die)
{
	if (image->state != IMAGE_GOOD || !type)
		return false;
	image_load_units(image);
	return image->dwarf && dwarf_offdie(image->dwarf, type, die);
}

static void set_member(struct image *image, struct image_member *m, Dwarf_Die *pointer)
{
	Dwarf_Die to;

	m->leads_to = led_to(image, pointer);
	m->to_structure = is_pointer(pointer) && type_of(pointer, &to) && is_structure(&to);
	m->is_pointer = is_pointer(pointer);
}

/* An array of pointers has no name: it is what its elements lead to. */
static bool pointers_member(struct image *image, Dwarf_Die *pointer, struct image_member *m)
{
	*m = (struct image_member){ .in = led_to(image, pointer) | IMAGE_POINTERS };
	set_member(image, m, pointer);
	return m->leads_to;
}

/* Of several parts that cover an offset, as empty bases do, the one that has a member there. */
static bool find_member(struct image *image, Dwarf_Die *in, uint64_t offset, struct image_member *m, unsigned depth)
{
	Dwarf_Die child, inner;
	Dwarf_Word size;

	if (depth > NESTING_MAX || dwarf_child(in, &child))
		return false;
	do {
		uint64_t at = number_of(&child, DW_AT_data_member_location);
		bool is_in_array = false, is_several = false;
		int tag = dwarf_tag(&child);

		if ((tag != DW_TAG_member && tag != DW_TAG_inheritance) || at > offset || !type_of(&child, &inner) ||
		    dwarf_aggregate_size(&inner, &size) || offset - at >= size)
			continue;
		while (dwarf_tag(&inner) == DW_TAG_array_type) {
			if (!type_of(&inner, &inner))
				return false;
			is_several = true;
			is_in_array |= is_structure(&inner);
		}
		if (!is_structure(&inner)) {
			*m = (struct image_member){ .in = number(image, in), .offset = at, .is_several = is_several };
			set_member(image, m, &inner);
			return true;
		}
		if (!dwarf_aggregate_size(&inner, &size) && size && find_member(image, &inner, (offset - at) % size, m, depth + 1)) {
			m->is_in_array |= is_in_array;
			return true;
		}
	} while (!dwarf_siblingof(&child, &child));
	return false;
}

bool image_member(struct image *image, uint64_t type, uint64_t offset, struct image_member *m)
{
	Dwarf_Die die;

	if (!open_type(image, type, &die))
		return false;
	while (dwarf_tag(&die) == DW_TAG_array_type)
		if (!type_of(&die, &die))
			return false;
	if (is_pointer(&die))
		return pointers_member(image, &die, m);
	return is_structure(&die) && find_member(image, &die, offset, m, 0);
}

uint64_t image_size(struct image *image, uint64_t type)
{
	Dwarf_Die die;
	Dwarf_Word size;

	return open_type(image, type, &die) && is_structure(&die) && !dwarf_aggregate_size(&die, &size) ? size : 0;
}

struct members {
	struct image *image;
	struct image_member *list;
	unsigned count, max;
};

static void add_members(struct members *all, Dwarf_Die *type, unsigned depth)
{
	Dwarf_Die child, inner;

	if (depth > NESTING_MAX || dwarf_child(type, &child))
		return;
	do {
		int tag = dwarf_tag(&child);
		bool is_known = (tag == DW_TAG_member || tag == DW_TAG_inheritance) && type_of(&child, &inner);

		while (is_known && dwarf_tag(&inner) == DW_TAG_array_type)
			is_known = type_of(&inner, &inner);
		if (!is_known || dwarf_hasattr(&child, DW_AT_external))
			continue;
		if (is_structure(&inner)) {
			add_members(all, &inner, depth + 1);
		} else if (is_pointer(&inner) && all->count < all->max) {
			all->list[all->count] = (struct image_member){ .in = number(all->image, type),
								       .offset = number_of(&child, DW_AT_data_member_location) };
			set_member(all->image, &all->list[all->count++], &inner);
		}
	} while (!dwarf_siblingof(&child, &child));
}

unsigned image_members(struct image *image, uint64_t type, struct image_member *list, unsigned max)
{
	struct members all = { image, list, 0, max };
	Dwarf_Die die;

	if (!open_type(image, type, &die) || !max)
		return 0;
	if (is_pointer(&die))
		return pointers_member(image, &die, &list[0]);
	if (is_structure(&die))
		add_members(&all, &die, 0);
	return all.count;
}

/* The processor's number of a register, from that of the debug information. */
static int register_of(unsigned number)
{
	static const uint8_t of[] = { 0, 2, 1, 3, 6, 7, 5, 4 };

	return number < 8 ? of[number] : number < 16 ? (int)number : -1;
}

struct variables {
	struct image *image;
	struct image_pointer *list;
	unsigned count, max;
	uint64_t bias;
	int frame_base; /* register; -1: where the caller's frame begins */
};

/* A place in memory or a register, of one operation. */
static bool set_place(const struct variables *v, const Dwarf_Op *op, struct image_pointer *p)
{
	int reg;

	if (op->atom >= DW_OP_reg0 && op->atom <= DW_OP_reg15) {
		reg = register_of(op->atom - DW_OP_reg0);
		p->in_register = true;
	} else if (op->atom == DW_OP_fbreg) {
		p->at = (int64_t)op->number;
		p->is_of_caller = v->frame_base < 0;
		reg = v->frame_base < 0 ? register_of(7) : v->frame_base;
	} else if (op->atom >= DW_OP_breg0 && op->atom <= DW_OP_breg15) {
		p->at = (int64_t)op->number;
		reg = register_of(op->atom - DW_OP_breg0);
	} else {
		return false;
	}
	p->reg = (uint8_t)reg;
	return reg >= 0;
}

/* An iterator, a smart pointer: a structure that is no more than one pointer. Becomes the type of that. */
static void unwrap(Dwarf_Die *type)
{
	Dwarf_Die inner = *type, child;
	Dwarf_Word size;

	for (unsigned depth = 0; depth < NESTING_MAX && is_structure(&inner); depth++) {
		bool is_found = false;

		if (dwarf_aggregate_size(&inner, &size) || size != POINTER_SIZE || dwarf_child(&inner, &child))
			return;
		do {
			int tag = dwarf_tag(&child);

			is_found = (tag == DW_TAG_member || tag == DW_TAG_inheritance) && type_of(&child, &inner) &&
				   !dwarf_aggregate_size(&inner, &size) && size == POINTER_SIZE;
		} while (!is_found && !dwarf_siblingof(&child, &child));
		if (!is_found)
			return;
	}
	if (is_pointer(&inner))
		*type = inner;
}

static bool is_one_place(const Dwarf_Op *ops, size_t count)
{
	return count == 1 || (count == 2 && (ops[1].atom == DW_OP_stack_value ||
					     (ops[1].atom == DW_OP_piece && ops[1].number == POINTER_SIZE)));
}

/* In one place wherever its block or inlined call has code. */
static void add_everywhere(struct variables *v, Dwarf_Die *scope, const struct image_pointer *p)
{
	Dwarf_Addr base, start, end;
	ptrdiff_t at = 0;

	while (v->count < v->max && (at = dwarf_ranges(scope, at, &base, &start, &end)) > 0) {
		v->list[v->count] = *p;
		v->list[v->count].start = start - v->bias;
		v->list[v->count++].end = end - v->bias;
	}
}

static void add_variable(struct variables *v, Dwarf_Die *scope, Dwarf_Die *die)
{
	Dwarf_Attribute attr;
	Dwarf_Addr base, start, end;
	Dwarf_Op *ops;
	Dwarf_Die type, in_register;
	Dwarf_Word size = 0;
	size_t count;
	ptrdiff_t at = 0;

	if (!type_of(die, &type) || !dwarf_attr_integrate(die, DW_AT_location, &attr))
		return;
	while (dwarf_tag(&type) == DW_TAG_array_type)
		if (!type_of(&type, &type))
			return;
	if (!is_pointer(&type) && !is_structure(&type))
		return;
	in_register = type;
	unwrap(&in_register);
	while (v->count < v->max && (at = dwarf_getlocations(&attr, at, &base, &start, &end, &ops, &count)) > 0) {
		struct image_pointer p = { .start = start - v->bias, .end = end - v->bias };

		if (!is_one_place(ops, count) || !set_place(v, &ops[0], &p))
			continue;
		p.is_itself = is_structure(p.in_register ? &in_register : &type);
		if (p.is_itself && (p.in_register || dwarf_aggregate_size(&type, &size)))
			continue;
		p.size = p.is_itself ? size : POINTER_SIZE;
		p.leads_to = p.is_itself ? number(v->image, &type) : led_to(v->image, p.in_register ? &in_register : &type);
		if (p.leads_to && end != (Dwarf_Addr)-1 && end > start)
			v->list[v->count++] = p;
		else if (p.leads_to)
			add_everywhere(v, scope, &p);
	}
}

static void add_variables(struct variables *v, Dwarf_Die *scope, unsigned depth)
{
	Dwarf_Die child;

	if (depth > 2 * NESTING_MAX || dwarf_child(scope, &child))
		return;
	do {
		int tag = dwarf_tag(&child);

		if (tag == DW_TAG_variable || tag == DW_TAG_formal_parameter)
			add_variable(v, scope, &child);
		else if (tag == DW_TAG_lexical_block || tag == DW_TAG_inlined_subroutine)
			add_variables(v, &child, depth + 1);
	} while (!dwarf_siblingof(&child, &child));
}

unsigned image_pointers(struct image *image, uint64_t function, struct image_pointer *list, unsigned max)
{
	struct variables v = { .image = image, .list = list, .max = max, .frame_base = -1 };
	Dwarf_Attribute attr;
	Dwarf_Op *ops;
	Dwarf_Die die;
	size_t count;

	if (!image_function_die(image, function, &die))
		return 0;
	v.bias = image->elf_bias - image->dwarf_bias;
	if (dwarf_attr_integrate(&die, DW_AT_frame_base, &attr) && !dwarf_getlocation(&attr, &ops, &count) && count == 1 &&
	    ops[0].atom >= DW_OP_reg0 && ops[0].atom <= DW_OP_reg15)
		v.frame_base = register_of(ops[0].atom - DW_OP_reg0);
	add_variables(&v, &die, 0);
	return v.count;
}

uint64_t image_result(struct image *image, uint64_t function)
{
	Dwarf_Die die, type;

	return image_function_die(image, function, &die) && type_of(&die, &type) ? led_to(image, &type) : 0;
}

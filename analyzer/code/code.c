/* SPDX-License-Identifier: MIT */
/* The code of the traced process: see code.h. */
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "code.h"
#include "demangle.h"
#include "image.h"
#include "own.h"
#include "runtime.h"

struct known {
	uint64_t address;
	struct function function;
	bool is_none;
	UT_hash_handle hh;
};

struct known_place {
	uint64_t address;
	struct place place;
	UT_hash_handle hh;
};

/* The import behind an address. */
struct known_import {
	uint64_t address;
	const char *stub, *slot;
	UT_hash_handle hh;
};

/* A call that was seen in some stack. */
struct edge {
	uint64_t from, to;
};

struct code {
	struct model *model;
	struct symbols *symbols;
	struct known *functions;
	struct known_place *places;
	struct known_import *imports;
	struct edge *edges; /* by from; 0 until asked for */
	size_t edge_count;
	bool has_edges;
	struct landing **landings; /* by module; 0: nobody asked */
	uint64_t *throwers; /* return addresses in those who made exceptions; 0 until asked for */
	size_t thrower_count;
};

struct code *code_open(struct model *m, struct symbols *s)
{
	struct code *c = pool_take(&m->pool, sizeof(*c));

	c->model = m;
	c->symbols = s;
	return c;
}

void code_close(struct code *c)
{
	for (uint32_t i = 0; c->landings && i < c->model->module_count; i++)
		if (c->landings[i])
			landing_close(c->landings[i]);
	HASH_CLEAR(hh, c->functions);
	HASH_CLEAR(hh, c->places);
	HASH_CLEAR(hh, c->imports);
	free(c->edges);
	free(c->throwers);
}

static uint32_t module_of(struct code *c, uint64_t address)
{
	for (uint32_t i = c->model->module_count; i-- > 1;)
		if (address >= c->model->modules[i].start && address < c->model->modules[i].end)
			return i;
	return 0;
}

const unsigned char *code_bytes(struct code *c, uint64_t address, uint64_t *most)
{
	uint32_t module = module_of(c, address);

	return module ? image_bytes(symbols_image(c->symbols, module), address - c->model->modules[module].bias, most)
		      : NULL;
}

static bool is_library_of_language(const struct module *module)
{
	static const char *const names[] = { "libstdc++.so", "libgcc_s.so", "libc++.so", "libm.so", "libpthread.so" };

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (!strncmp(module->name, names[i], strlen(names[i])))
			return true;
	return false;
}

static void function_fill(struct code *c, struct known *k)
{
	uint32_t index = module_of(c, k->address);
	const struct module *module = &c->model->modules[index];
	struct image *image;
	const char *name;

	k->is_none = true;
	if (!index)
		return;
	image = symbols_image(c->symbols, index);
	if (!image_bounds(image, k->address - module->bias, &k->function.start, &k->function.end))
		return;
	k->function.start += module->bias;
	k->function.end += module->bias;
	k->function.module = index;
	k->function.is_system = runtime_is_system(module) || module->kind == MODULE_SHIM || module->kind == MODULE_VDSO ||
				is_library_of_language(module);
	name = image_symbol(image, k->address - module->bias, false);
	if (name) {
		k->function.name = demangle(&c->model->pool, name);
		k->function.is_part = strstr(name, ".cold") || strstr(name, ".part");
	}
	k->is_none = false;
}

const struct function *code_function(struct code *c, uint64_t address)
{
	struct known *k;

	HASH_FIND(hh, c->functions, &address, sizeof(address), k);
	if (!k) {
		k = pool_take(&c->model->pool, sizeof(*k));
		k->address = address;
		function_fill(c, k);
		HASH_ADD(hh, c->functions, address, sizeof(k->address), k);
	}
	return k->is_none ? NULL : &k->function;
}

static const struct known_import *import_of(struct code *c, uint64_t address)
{
	struct known_import *k;
	uint32_t module;

	HASH_FIND(hh, c->imports, &address, sizeof(address), k);
	if (k)
		return k;
	k = pool_take(&c->model->pool, sizeof(*k));
	k->address = address;
	module = module_of(c, address);
	if (module) {
		struct image *image = symbols_image(c->symbols, module);

		k->stub = image_stub(image, address - c->model->modules[module].bias);
		k->slot = image_slot(image, address - c->model->modules[module].bias);
	}
	HASH_ADD(hh, c->imports, address, sizeof(k->address), k);
	return k;
}

const char *code_stub(struct code *c, uint64_t address)
{
	return import_of(c, address)->stub;
}

const char *code_slot(struct code *c, uint64_t address)
{
	return import_of(c, address)->slot;
}

uint64_t code_import(struct code *c, const char *name)
{
	for (uint32_t i = 1; i < c->model->module_count; i++) {
		const struct module *module = &c->model->modules[i];
		uint64_t address;

		if (!module->end || module->kind == MODULE_SHIM || module->kind == MODULE_VDSO ||
		    runtime_is_system(module) || is_library_of_language(module))
			continue;
		address = image_export(symbols_image(c->symbols, i), name);
		if (address)
			return address + module->bias;
	}
	return 0;
}

enum landing_answer code_landing(struct code *c, uint64_t call, uint64_t *pad)
{
	uint32_t module = module_of(c, call);
	enum landing_answer answer;

	if (!module)
		return LANDING_UNKNOWN;
	if (!c->landings)
		c->landings = pool_array(&c->model->pool, c->model->module_count, sizeof(*c->landings));
	if (!c->landings[module])
		c->landings[module] = landing_open(image_elf(symbols_image(c->symbols, module)));
	answer = landing_find(c->landings[module], call - c->model->modules[module].bias, pad);
	*pad += c->model->modules[module].bias;
	return answer;
}

#define THROW_DEPTH 4 /* frames of the C++ library, and the function that threw */

static bool is_of_exceptions(const struct module *module)
{
	return !strncmp(module->name, "libstdc++.so", 12) || !strncmp(module->name, "libc++abi.so", 12);
}

/* Exceptions are made by an allocation of their own, whose stack says who threw. */
static void load_throwers(struct code *c)
{
	const struct model *m = c->model;
	size_t room = 64;

	c->throwers = pool_regrow(NULL, room, sizeof(*c->throwers));
	for (uint32_t i = 1; i < m->node_count; i++) {
		const struct node *node = &m->nodes[i];
		const struct function *f;

		if (node->scope || !node->module || !is_of_exceptions(&m->modules[node->module]))
			continue;
		f = code_function(c, node->pc - 1);
		if (!f || !f->name || strncmp(f->name, "__cxa_allocate_exception", 24))
			continue;
		for (unsigned k = 0; k < THROW_DEPTH && node->parent; k++) {
			node = &m->nodes[node->parent];
			if (c->thrower_count == room) {
				room *= 2;
				c->throwers = pool_regrow(c->throwers, room, sizeof(*c->throwers));
			}
			c->throwers[c->thrower_count++] = node->pc;
		}
	}
}

bool code_has_thrown(struct code *c, const struct function *f)
{
	if (!c->throwers)
		load_throwers(c);
	for (size_t i = 0; i < c->thrower_count; i++)
		if (c->throwers[i] > f->start && c->throwers[i] <= f->end)
			return true;
	return false;
}

bool code_is_of_library(struct code *c, uint64_t address)
{
	uint32_t module = module_of(c, address);

	return module && own_is_library_module(&c->model->modules[module]);
}

static int by_from(const void *left, const void *right)
{
	const struct edge *a = left, *b = right;

	if (a->from != b->from)
		return a->from < b->from ? -1 : 1;
	return a->to < b->to ? -1 : a->to > b->to;
}

static void load_edges(struct code *c)
{
	const struct model *m = c->model;

	c->has_edges = true;
	c->edges = pool_regrow(NULL, m->node_count, sizeof(*c->edges));
	for (uint32_t i = 1; i < m->node_count; i++) {
		const struct node *node = &m->nodes[i];

		if (node->scope || node->exact || !node->pc || !m->nodes[node->parent].pc || m->nodes[node->parent].exact)
			continue;
		c->edges[c->edge_count++] = (struct edge){ m->nodes[node->parent].pc, node->pc };
	}
	if (c->edge_count)
		qsort(c->edges, c->edge_count, sizeof(*c->edges), by_from);
}

unsigned code_callees(struct code *c, uint64_t from, uint64_t *callees, unsigned max)
{
	size_t low = 0, high;
	unsigned count = 0;

	if (!c->has_edges)
		load_edges(c);
	high = c->edge_count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (c->edges[middle].from < from)
			low = middle + 1;
		else
			high = middle;
	}
	for (; low < c->edge_count && c->edges[low].from == from && count < max; low++) {
		const struct function *f = code_function(c, c->edges[low].to - 1);
		unsigned known = 0;

		while (f && known < count && callees[known] != f->start)
			known++;
		if (f && known == count)
			callees[count++] = f->start;
	}
	return count;
}

#define FRAMES_MAX 32

static void place_fill(struct code *c, struct known_place *k)
{
	struct frame found[FRAMES_MAX] = { { 0 } }, *frames;
	uint32_t module = module_of(c, k->address);
	unsigned count = 0;

	k->place.offset = k->address;
	if (module) {
		k->place.module = &c->model->modules[module];
		k->place.offset -= k->place.module->bias;
		count = image_frames(symbols_image(c->symbols, module), k->place.offset, found, FRAMES_MAX);
	}
	if (!count)
		count = 1;
	if (!found[count - 1].function) {
		const struct function *f = code_function(c, k->address);

		found[count - 1].function = f ? f->name : NULL;
	}
	frames = pool_array(&c->model->pool, count, sizeof(*frames));
	memcpy(frames, found, count * sizeof(*frames));
	k->place.frames = frames;
	k->place.count = count;
}

const struct place *code_place(struct code *c, uint64_t address)
{
	struct known_place *k;

	HASH_FIND(hh, c->places, &address, sizeof(address), k);
	if (!k) {
		k = pool_take(&c->model->pool, sizeof(*k));
		k->address = address;
		place_fill(c, k);
		HASH_ADD(hh, c->places, address, sizeof(k->address), k);
	}
	return &k->place;
}

const char *code_variable(struct code *c, uint64_t address, uint64_t *offset)
{
	uint32_t module = module_of(c, address);
	const char *name;
	uint64_t start, bias = c->model->modules[module].bias;

	if (!module)
		return NULL;
	name = image_variable(symbols_image(c->symbols, module), address - bias, &start);
	if (name)
		*offset = address - bias - start;
	return name ? demangle(&c->model->pool, name) : NULL;
}

bool code_is_void(struct code *c, const struct function *f)
{
	return image_is_void(symbols_image(c->symbols, f->module), f->start - c->model->modules[f->module].bias);
}

unsigned code_line_after(struct code *c, uint64_t address, uint64_t end, unsigned line)
{
	uint32_t module = module_of(c, address);
	uint64_t bias = c->model->modules[module].bias;

	return module ? image_line_after(symbols_image(c->symbols, module), address - bias, end - bias, line) : 0;
}

unsigned code_line_last(struct code *c, const struct function *f, unsigned line)
{
	uint64_t bias = f->module ? c->model->modules[f->module].bias : 0;

	return f->module ? image_line_last(symbols_image(c->symbols, f->module), f->start - bias, f->end - bias, line) : 0;
}

struct class_name {
	struct pool *pool;
	const char *name;
	size_t length;
};

static bool is_destructor(void *to, const char *name)
{
	const struct class_name *class = to;
	size_t length = strlen(name);
	const char *whole;

	if (length < 8 || strncmp(name, "_ZN", 3) || (strcmp(name + length - 4, "D2Ev") && strcmp(name + length - 4, "D1Ev")))
		return false;
	whole = demangle(class->pool, name);
	return whole && !strncmp(whole, class->name, class->length) && !strncmp(whole + class->length, "::~", 3) &&
	       !strstr(whole + class->length + 2, "::");
}

const struct function *code_destructor(struct code *c, const struct function *beside, const char *class, size_t length)
{
	struct class_name of = { &c->model->pool, class, length };
	uint64_t at = beside->module ? image_find(symbols_image(c->symbols, beside->module), is_destructor, &of) : 0;

	return at ? code_function(c, at + c->model->modules[beside->module].bias) : NULL;
}

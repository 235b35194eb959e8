/* SPDX-License-Identifier: MIT */
/* One path of the stack tree as a person wants it: see stacks.h. */
#include <stdlib.h>
#include <string.h>

#include "languages.h"
#include "runtime.h"
#include "stacks.h"

#define PERIOD_MAX 8 /* functions that call each other in a circle */

static const struct module *module_of(const struct model *m, uint32_t node)
{
	uint32_t module = m->nodes[node].module;

	return module ? &m->modules[module] : NULL;
}

static bool is_shim(const struct model *m, uint32_t node)
{
	const struct module *module = module_of(m, node);

	return module && module->kind == MODULE_SHIM;
}

static bool is_hidden(const struct model *m, uint32_t node)
{
	const struct java_frame *java = symbols_java(m, node);

	return java && java->is_hidden;
}

static bool is_allocator(struct symbols *s, uint32_t node)
{
	static const char *const names[] = {
		"malloc",	"calloc",	  "realloc",	     "reallocarray",
		"memalign",	"aligned_alloc",  "posix_memalign",  "valloc",
		"pvalloc",	"operator new",	  "operator new[]",  "__libc_malloc",
		"__libc_calloc", "__libc_realloc", "__libc_memalign", "free",
		"cfree",	"operator delete", "operator delete[]", "__libc_free",
	};
	const char *name = symbols_name(s, node)->text;

	if (!name)
		return false;
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (!strcmp(name, names[i]))
			return true;
	return false;
}

static bool is_same_place(const struct model *m, uint32_t a, uint32_t b)
{
	return m->nodes[a].pc == m->nodes[b].pc && m->nodes[a].module == m->nodes[b].module;
}

/* Drops the outermost frames as long as they repeat the ones further in. */
static void fold(struct path *path, const struct model *m)
{
	for (unsigned period = 1; period <= PERIOD_MAX && period * 2 <= path->depth; period++) {
		const uint32_t *last = &path->nodes[path->depth - period];
		unsigned same = 0;

		while (same < period && is_same_place(m, last[same], last[(int)same - (int)period]))
			same++;
		if (same == period) {
			path->depth -= period;
			return;
		}
	}
}

/* Where goroutines begin. */
static bool is_begin_of_go(const struct module *module, const char *name)
{
	return module && module->kind == MODULE_PROGRAM && name &&
	       (!strncmp(name, "runtime.goexit", 14) || !strcmp(name, "runtime.main"));
}

/* A frame outside of main: libc's, or _start, which a stripped program has no name for. */
static bool is_outside(const struct path *path, unsigned i, const struct model *m, struct symbols *s)
{
	const struct module *module = module_of(m, path->nodes[i]);
	const char *name;

	if (runtime_is_system(module) || is_begin_of_go(module, symbols_name(s, path->nodes[i])->text))
		return true;
	if (i + 1 != path->depth || !module || module->kind != MODULE_PROGRAM)
		return false;
	name = symbols_name(s, path->nodes[i])->text;
	if (name)
		return !strcmp(name, "_start");
	return i && runtime_is_system(module_of(m, path->nodes[i - 1]));
}

static void judge(struct path *path, const struct model *m, struct symbols *s)
{
	struct runtime_frame frames[STACKS_MAX];

	/* Most stacks begin in the program's own code: no need to name every frame. */
	for (unsigned i = 0; i < path->depth; i++) {
		frames[i].module = module_of(m, path->nodes[i]);
		frames[i].function = symbols_name(s, path->nodes[i])->text;
	}
	path->is_runtime = runtime_owns(frames, path->depth);
	path->is_java_memory = m->java.status && runtime_is_java_memory(frames, path->depth);
	path->language = m->languages ? languages_owner(m->languages, m, frames, path->depth) : NULL;
}

/* A guess beyond code without unwind information leads to what is no code in the end. */
static void drop_strays(struct path *path, const struct model *m, struct symbols *s)
{
	while (path->is_whole && path->depth > 1 && !m->nodes[path->nodes[path->depth - 1]].module &&
	       !symbols_unwinds(s, path->nodes[path->depth - 2]))
		path->depth--;
}

void stacks_path(struct path *path, const struct model *m, struct symbols *s, uint32_t node)
{
	bool inside = false;
	unsigned steps = 0;

	path->depth = 0;
	path->is_cut = false;
	path->scope = NULL;
	/* The root, which has no parent, is no frame. */
	for (; node && m->nodes[node].parent && steps < STACKS_MAX; steps++) {
		if (m->nodes[node].scope) {
			if (!path->scope)
				path->scope = m->nodes[node].scope;
			node = m->nodes[node].parent;
			continue;
		}
		/* ours are the thunks of patched functions, anywhere in a stack */
		if (is_shim(m, node) || is_hidden(m, node) || (!inside && is_allocator(s, node))) {
			node = m->nodes[node].parent;
			continue;
		}
		inside = true;
		path->nodes[path->depth++] = node;
		path->is_cut = m->nodes[node].cut;
		fold(path, m);
		node = m->nodes[node].parent;
	}
	judge(path, m, s);
	unsigned depth = path->depth;
	for (unsigned i = depth; i-- > 0;) {
		if (is_outside(path, i, m, s))
			continue;
		path->depth = i + 1;
		break;
	}
	path->is_whole = path->depth == depth;
	drop_strays(path, m, s);
}

static uint64_t text_hash(uint64_t hash, const char *text)
{
	return text ? symbols_hash(hash, text, strlen(text)) : hash;
}

uint64_t stacks_names(const struct path *path, struct symbols *s)
{
	uint64_t hash = text_hash(0, path->scope), last = 0;

	for (unsigned i = 0; i < path->depth; i++) {
		uint64_t name = symbols_name(s, path->nodes[i])->hash;

		if (name != last)
			hash = symbols_hash(hash, &name, sizeof(name));
		last = name;
	}
	return hash;
}

static uint64_t offset_of(const struct model *m, uint32_t node)
{
	return m->nodes[node].pc - m->modules[m->nodes[node].module].bias;
}

uint64_t stacks_steps(const struct path *path, const struct model *m)
{
	uint64_t hash = text_hash(0, path->scope);

	for (unsigned i = 0; i < path->depth; i++) {
		const struct module *module = module_of(m, path->nodes[i]);
		uint64_t offset = offset_of(m, path->nodes[i]);

		hash = symbols_hash(hash, &offset, sizeof(offset));
		if (module && module->build_id_size) /* the same file after a reload */
			hash = symbols_hash(hash, module->build_id, 4);
		else
			hash = symbols_hash(hash, &module, sizeof(module));
	}
	return hash;
}

uint64_t stacks_lines(const struct path *path, const struct model *m, struct symbols *s)
{
	uint64_t hash = text_hash(0, path->scope);

	for (unsigned i = 0; i < path->depth; i++) {
		const struct place *place = symbols_place(s, path->nodes[i]);

		for (unsigned k = 0; k < place->count; k++) {
			const struct frame *frame = &place->frames[k];
			/* code that the program made itself may be there several times: its name is all that lasts */
			uint64_t where = frame->file ? frame->line
					 : place->module || !frame->function ? offset_of(m, path->nodes[i])
									     : 0;

			hash = text_hash(text_hash(hash, frame->function), frame->file);
			hash = symbols_hash(hash, &where, sizeof(where));
		}
	}
	return hash;
}

int stacks_order(const struct path *a, const struct path *b, const struct model *m)
{
	for (unsigned i = 0; i < a->depth && i < b->depth; i++) {
		uint64_t x = offset_of(m, a->nodes[i]), y = offset_of(m, b->nodes[i]);

		if (x != y)
			return x < y ? -1 : 1;
	}
	return a->depth < b->depth ? -1 : a->depth > b->depth;
}

void stacks_places(const struct path *path, const struct model *m, uint64_t *places, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		places[i] = i < path->depth ? offset_of(m, path->nodes[i]) : 0;
}

struct stack stacks_resolve(const struct path *path, struct model *m, struct symbols *s)
{
	struct stack stack = { .depth = path->depth, .is_cut = path->is_cut };

	stack.places = pool_array(&m->pool, path->depth, sizeof(*stack.places));
	for (unsigned i = 0; i < path->depth; i++)
		stack.places[i] = symbols_place(s, path->nodes[i]);
	for (uint32_t i = 1; i < m->module_count; i++)
		stack.is_java |= !strcmp(m->modules[i].name, "libjvm.so");
	stack.is_lost = path->depth && path->is_whole && !path->is_cut && !symbols_unwinds(s, path->nodes[path->depth - 1]);
	return stack;
}

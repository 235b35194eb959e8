/* SPDX-License-Identifier: MIT */
/* The frame that a reader looks at first: see own.h. */
#include "own.h"
#include "java_code.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static bool begins_with_one_of(const char *path, const char *const *folders)
{
	for (; *folders; folders++)
		if (!strncmp(path, *folders, strlen(*folders)))
			return true;
	return false;
}

/* What the language brings along, also where it is compiled into the program and no line says so; and the wrappers of
 * malloc that programs have under one name everywhere: their callers say more. */
static bool is_library_function(const char *name)
{
	static const char *const spaces[] = { "std::", "__gnu_cxx::", "__cxxabiv1::", "operator new", "alloc::", "core::",
					      "hashbrown::", "__rust_alloc", "__rust_realloc", "__rdl_", "__rg_",
					      "boost::", "<alloc::", "<std::", "<core::", NULL };
	static const char *const wrappers[] = { "xmalloc", "xcalloc", "xrealloc", "xstrdup", "xmemdup", "xzalloc", "xstrndup",
						"zmalloc", "zcalloc", "zrealloc", "safe_malloc", "safe_calloc", "emalloc",
						"ecalloc", NULL };

	if (begins_with_one_of(name, spaces))
		return true;
	for (const char *const *w = wrappers; *w; w++)
		if (!strcmp(name, *w))
			return true;
	return false;
}

bool own_is_library_module(const struct module *module)
{
	static const char *const libraries[] = { "/lib/", "/lib64/", "/lib32/", "/usr/lib/", "/usr/lib64/", "/usr/libexec/",
						 "/usr/local/lib/", "/nix/store/", NULL };

	if (module && module->is_runtime)
		return true;
	if (!module || module->kind == MODULE_PROGRAM)
		return false;
	return module->kind != MODULE_PLAIN || begins_with_one_of(module->path, libraries);
}

bool own_is_library(const struct place *place, const struct frame *frame)
{
	static const char *const headers[] = { "/usr/include/", "/usr/local/include/", "/rustc/", "/usr/lib/", NULL };
	const struct module *module = place->module;

	if (module && module->kind == MODULE_JAVA)
		return frame->function && java_code_is_library(frame->function);
	if (frame->function && is_library_function(frame->function))
		return true;
	if (frame->file && (begins_with_one_of(frame->file, headers) || strstr(frame->file, "/include/c++/") ||
			    strstr(frame->file, "/.cargo/registry/") || strstr(frame->file, "/rustlib/src/")))
		return true;
	return own_is_library_module(module);
}

const char *own_name(const struct own *own, char out[OWN_NAME])
{
	if (own->frame && own->frame->function)
		return own->frame->function;
	if (!own->place || !own->place->module)
		return "?";
	snprintf(out, OWN_NAME, "%.900s+0x%" PRIx64, own->place->module->name, own->place->offset);
	return out;
}

struct own own_frame(const struct stack *stack)
{
	struct own best = { 0 };
	unsigned rank = 0;

	for (unsigned i = 0; i < stack->depth; i++) {
		const struct place *place = stack->places[i];

		for (unsigned k = 0; k < place->count; k++) {
			const struct frame *frame = &place->frames[k];
			bool is_own = !own_is_library(place, frame), is_libc = place->module && place->module->kind == MODULE_LIBC;
			unsigned known = is_libc ? 0 : (frame->function ? 1 : 0) + (frame->file ? 1 : 0);
			unsigned now = 1 + known + (!is_own ? 0 : frame->function ? 4 : place->module ? 3 : 0);

			if (now > rank) {
				best = (struct own){ .place = place, .frame = frame, .depth = i };
				rank = now;
			}
			if (rank == 7)
				return best;
		}
	}
	return best;
}

/* Compilers split the function. */
bool own_is_python(const struct frame *frame)
{
	return frame->function && !strncmp(frame->function, "_PyEval_EvalFrameDefault", 24);
}

/* Where in a stack the interpreter runs; depth: nowhere. */
static unsigned interpreter_of(const struct stack *stack)
{
	for (unsigned i = 0; i < stack->depth; i++)
		for (unsigned k = 0; k < stack->places[i]->count; k++)
			if (own_is_python(&stack->places[i]->frames[k]))
				return i;
	return stack->depth;
}

static bool is_pythons(const struct python_frame *frame)
{
	return frame->file && (strstr(frame->file, "/lib/python3") || *frame->file == '<');
}

const struct python_frame *own_python(const struct stack *stack)
{
	const struct python_stack *first = stack->python && stack->python->count ? stack->python->stacks : NULL;
	unsigned at = first ? interpreter_of(stack) : stack->depth;
	struct own own;

	if (at == stack->depth || !first->depth)
		return NULL;
	own = own_frame(stack);
	if (own.depth < at && own.place->module != stack->places[at]->module && !own_is_library(own.place, own.frame))
		return NULL;
	for (unsigned i = 0; i < first->depth; i++)
		if (!is_pythons(first->frames[i]))
			return first->frames[i];
	return first->frames[0];
}

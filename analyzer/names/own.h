/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_OWN_H
#define LEAKSHIM_OWN_H
/*
 * Which frame of a stack a reader looks at first: the innermost one that is the program's own
 * and not a library's.
 *
 * A frame is a library's if its module is libc, the loader, a language's runtime or another one below the system's library
 * folders (unless all of them are), if its line lies in a header below the system's include folders (inlined C++), or if its name is
 * the language's or a usual wrapper of malloc.
 */
#include "model.h"

struct own {
	const struct place *place; /* 0: the stack is empty */
	const struct frame *frame;
	unsigned depth;  /* of the place in the stack */
};

/* The innermost own frame with a line; without one, with a name; without one, one in a file; or the innermost frame of all. */
/* The function, or module+offset where it has no name. */
#define OWN_NAME 1024u
const char *own_name(const struct own *own, char out[OWN_NAME]);

struct own own_frame(const struct stack *stack);

/* Does the interpreter of Python run Python code here? */
bool own_is_python(const struct frame *frame);

/* The Python function that a reader looks at before the own frame, which is the interpreter's or lies outside of it: that of
 * the most frequent stack, the innermost one that is not Python's own library's. 0: none is known, or C code called by Python
 * is the program's own. */
const struct python_frame *own_python(const struct stack *stack);

/* Is this frame code that the system brought along? */
bool own_is_library(const struct place *place, const struct frame *frame);

/* Has the system brought along a whole module? */
bool own_is_library_module(const struct module *module);
#endif

/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_OWN_LINES_H
#define LEAKSHIM_OWN_LINES_H
/*
 * A stack as lines of the source, those of inlined functions included: the program's own ones, and what the C++ library was
 * doing above the innermost of them. Names are as people read them, with or without arguments.
 */
#include "explain_private.h"

struct own_line {
	uint32_t node;
	const struct place *place;
	const struct frame *frame; /* one of the place's */
};

/* The program's own lines, innermost first. Returns how many. */
unsigned own_lines(struct work *w, uint32_t node, struct own_line *lines, unsigned max);

/* Above the innermost own line. */
enum library_doing {
	LIBRARY_NOTHING,
	LIBRARY_OTHER,
	LIBRARY_REMOVES, /* something of a container's, which stays */
	LIBRARY_DESTROYS /* a whole container */
};
enum library_doing own_lines_doing(struct work *w, uint32_t node);

/* A method of the container in whose name a stack ends; 0: of none. */
const char *own_lines_container(struct work *w, uint32_t node);

/* Does a function of the C++ library take elements out of a container? */
bool own_lines_is_shrinking(const char *name);

/* Does one put an element into a container that keeps what it has of that key? */
bool own_lines_may_refuse(const char *name);

/* What a container holds, as its first template argument says. Returns how long that is, 0: nothing is said. */
size_t own_lines_element(const char *name, const char **element);

/* How much of a method's name is its class; 0: it is no method. */
size_t own_lines_class(const char *function);
bool own_lines_is_constructor(const char *function);
/* Is it the destructor of the class with which `of` begins? */
bool own_lines_is_destructor(const char *function, const char *of, size_t class);
#endif

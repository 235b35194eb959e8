/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_DESTROYED_H
#define LEAKSHIM_DESTROYED_H
/*
 * A smart pointer releases an object for whoever has it: first it calls the destructor of the object's class, and that one
 * forgot what the object held, not the class that has the smart pointer.
 */
#include "explain_private.h"

/* The destructor that the library called before it released what it was to delete, at `address`; 0: it is not the library that
 * releases, or nothing was called. *is_releasing: it releases other things itself. */
const struct missing_release *destroyed_before(struct work *w, uint64_t address, bool *is_releasing);

/* The destructor of a class within the class at the beginning of `of`, to which the destructor around `at` leaves its object; 0:
 * there is none. */
const struct missing_release *destroyed_within(struct work *w, uint64_t at, const char *of, size_t class);

/* Is it code of the library that deletes what a smart pointer has? */
bool destroyed_by_library(struct work *w, uint64_t address);
#endif

/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_CALLS_NAMED_H
#define LEAKSHIM_CALLS_NAMED_H
/*
 * What functions do to a block that the program's own code cannot be asked about: those of the catalog by what it says of
 * them, others of libraries by what their names promise.
 */
#include "calls_known.h"
#include "model.h"

/* `name`: linker name; 0 is nobody. is_library: it is defined by a library of the system. */
enum effect calls_named(const struct model *m, const char *name, bool is_library);

/* Does its name promise to close something, which lets go no reference to an object that has a count of them? */
bool calls_only_close(const struct model *m, const char *name);
#endif

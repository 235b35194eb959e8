/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_JAVA_PLACE_H
#define LEAKSHIM_JAVA_PLACE_H
/* Where in the program's own code something was done with a Java object, or was to be done. */
#include "java.h"

/* The latest operation by the program's own code, of one kind or any. NODE, 0: there was none. */
uint32_t java_own_step(const struct model *m, const struct resource *r, const char *op);

/* The latest retain that the program's own code called itself, not a library for it. NODE, 0: there was none. */
uint32_t java_own_retain(const struct model *m, const struct resource *r);

/* A place as what lacks a release; 0: there is none. */
const struct missing_release *java_missing_at(struct work *w, uint32_t node);

/* The handler of the program's own that a buffer was handed to last, as what lacks a release, with the last of its lines that
 * any stack has; 0: there was none. */
const struct missing_release *java_missing_in_handler(struct work *w, const struct resource *r);

/* The program's only handler of what comes in; 0: there is none, or there are more. */
const struct missing_release *java_missing_in_only_handler(struct work *w);

/* Where the program's own code ended another call of that name. NODE, 0: it is not known. */
uint32_t java_end_of_siblings(const struct model *m, const struct resource *call);
/* What holds an object: "package.Class.field", and the same as a person says it: "static package.Class.field". */
const char *java_hold_name(struct model *m, const struct java_hold *hold);
const char *java_hold_words(struct model *m, const struct java_hold *hold);
#endif

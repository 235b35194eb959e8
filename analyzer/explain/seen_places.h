/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_SEEN_PLACES_H
#define LEAKSHIM_SEEN_PLACES_H
/*
 * The line that goes with what was seen: where an element was taken out of a container, where the last pointer was
 * overwritten by another one, and the destructor that was under way. 0: not found.
 */
#include "own_lines.h"

const struct missing_release *seen_line(struct work *w, const struct own_line *line);

/* Where a container of the C++ library has lost elements before the event at which they were found gone. */
const struct missing_release *seen_given_up(struct work *w, const struct watched *seen);

/* Where the block that took its place was put there. `ways`: of the leak's own site. *is_sure: nothing else comes into question. */
const struct missing_release *seen_overwritten(struct work *w, const struct leak *leak, const struct watched *seen,
					       const struct walk *ways, bool *is_sure);

/* The destructor that was under way when it was lost, of a class whose code made it. */
const struct missing_release *seen_destroying(struct work *w, const struct leak *leak, const struct watched *seen);

/* The line at which elements of an array were moved up over the place that held the block, by what was called between the last
 * event at which it was held and the first at which it was not; 0: none was found. */
const struct missing_release *seen_moved_up(struct work *w, const struct watched *seen);
#endif

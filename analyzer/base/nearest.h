/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_NEAREST_H
#define LEAKSHIM_NEAREST_H
/*
 * Which right word somebody most likely meant.
 */

/* The nearest of a list that ends with 0; 0 if none is near. */
const char *nearest(const char *word, const char *const *list);
#endif

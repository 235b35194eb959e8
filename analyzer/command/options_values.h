/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_OPTIONS_VALUES_H
#define LEAKSHIM_OPTIONS_VALUES_H
/*
 * What follows an option, from text to what it means; for options.c only. Whatever is wrong is said in one line, with what is
 * wanted.
 */
#include "options.h"

/* Complains about a word that is none of a list which ends with 0, and names the nearest one. Returns OPTIONS_WRONG. */
enum options_result value_wrong_word(const char *what, const char *word, const char *const *list);

/* Where a word stands in such a list; -1 after complaining. */
int value_choose(const char *what, const char *word, const char *const *list);

/* Each sets its part of the options, and returns OPTIONS_GO or OPTIONS_WRONG. */
enum options_result value_classes(unsigned *classes, const char *value);
enum options_result value_without(struct options *o, const char *value); /* for those who measure the explanations */
enum options_result value_max(struct options *o, const char *value);
enum options_result value_max_growth(struct options *o, const char *value);
enum options_result value_repeat(struct options *o, const char *value);
enum options_result value_older(struct options *o, const char *value);
enum options_result value_source_root(struct options *o, const char *value);
#endif

/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_CONFIG_H
#define LEAKSHIM_CONFIG_H
/*
 * Options from a file, so that a build server's line stays short: `.leakshim.ini`, looked for in the working folder and the ones
 * above it, or the file that --config names.
 *
 *   # one long option a line, without its dashes; paths are relative to the file
 *   baseline = ci/known-leaks
 *   suppressions = ci/leaks.supp
 *   fail-on = definite,held
 *
 * What the command line says comes first. A file that is found and not named is obeyed only if it belongs to the user or to
 * root and nobody else may write to it.
 */
#include "options.h"

/* Returns 0, or -1 after saying what is wrong as file:line:column. */
int config_read(struct options *o);
#endif

/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_OUTPUTS_H
#define LEAKSHIM_OUTPUTS_H
/*
 * Where the reports of a command go: `--format text,sarif=leaks.sarif,junit=-`, several formats at once, each on its own file.
 *
 * An output that fails is said once and left out; the others are written all the same, and outputs_close tells.
 */
#include <stdbool.h>
#include <stdio.h>
#include "format.h"

#define OUTPUTS_MOST 16u

struct outputs {
	struct format_settings settings; /* filled in by the caller before outputs_open */
	struct output_file {
		const struct format *format;
		void *self;
		FILE *to;
		char *path;    /* 0: the command's usual stream */
	} file[OUTPUTS_MOST];
	unsigned count;
	bool has_failed;
	FILE *nowhere; /* 0: not needed */
	FILE *words; /* where sentences beside the reports go: to the text, if there is one on the usual stream; else to stderr, or
		      * nowhere if a format for programs goes there */
};

/* All names, ended by 0. */
const char *const *outputs_names(void);

/* Is a list of formats right? Says what is wrong. Returns 0 or -1. */
int outputs_check(const char *list);

/* Does the list (0: text) name anything beside text, that wants all groups and not only the first ones? */
bool outputs_want_all(const char *list);

/* Opens what the list (0: text) names; what has no file goes to `usual`. */
void outputs_open(struct outputs *o, const char *list, FILE *usual);

/* with_text false: what a caller leaves out of the text still counts elsewhere. */
void outputs_add(struct outputs *o, const struct report *report, bool with_text);

/* Of a program (a process, a trace) nothing is known. Formats for programs say so in their documents; what a person reads is
 * the caller's. */
void outputs_unknown(struct outputs *o, const char *program, const char *why);

/* Returns 0, or -1 if something could not be written, after saying what. */
int outputs_close(struct outputs *o);
#endif

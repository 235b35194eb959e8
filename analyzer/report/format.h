/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_FORMAT_H
#define LEAKSHIM_FORMAT_H
/*
 * What every output format is: opened on a file, given one report after another, closed. Each writes as it goes, so that a
 * report of any size needs no more memory than its largest group.
 */
#include <stdio.h>
#include "report.h"

struct format_settings {
	const char *source_root; /* absolute, without a slash at its end; 0: none */
	bool has_baseline;       /* what is reported is new or has grown */
	uint32_t max;            /* groups that may be named one by one where a format has a choice; 0: all */
};

struct format {
	const char *name;
	bool is_binary; /* nothing for a terminal */
	void *(*open)(FILE *to, const struct format_settings *settings);
	void (*add)(void *self, const struct report *report);
	void (*close)(void *self);
	/* A program of which nothing is known, in UTF-8, and why. 0: the format has no place for that; a document that is empty
	 * and whole must do. */
	void (*unknown)(void *self, const char *program, const char *why);
};

extern const struct format format_sarif;
extern const struct format format_junit;
extern const struct format format_github;
extern const struct format format_gitlab;
extern const struct format format_markdown;
extern const struct format format_valgrind_xml;
extern const struct format format_pprof;
extern const struct format format_folded;
extern const struct format format_openmetrics;
extern const struct format format_html;
#endif

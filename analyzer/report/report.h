/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_REPORT_H
#define LEAKSHIM_REPORT_H
/*
 * Diagnosis -> one format each. The formats know nothing of each other.
 */
#include <stdio.h>
#include "model.h"

struct report {
	struct model *model;
	const struct diagnosis *diagnosis;
	const char *next;   /* the command that leads on */
	const char *after;  /* the command that tells of the program that took its place by exec, 0: there is none, or it follows */
	uint32_t text_most; /* groups with all their details in a text; 0: all that have them */
	bool is_full;       /* text: every frame, whole names */
	bool is_trace_gone; /* it was clean, and nobody asked to keep it */
	bool is_sum;        /* of several traces, as the model's path says */
	unsigned joined;    /* requests that it answers together, 0: one, or none */
	bool is_headed;     /* one of several in the same text: begins with the name of its program */
};

void report_text(FILE *to, const struct report *report);

/* One document: the first report, with the further ones in its "processes". */
struct report_json;
struct report_json *report_json_open(FILE *to);
void report_json_add(struct report_json *json, const struct report *report);
void report_json_unknown(struct report_json *json, const char *program, const char *why);
void report_json_close(struct report_json *json);
#endif

/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_JSON_PARTS_H
#define LEAKSHIM_JSON_PARTS_H
/*
 * The parts of the JSON document, as report.schema.json has them, each in a file of its own; and what they are written with.
 */
#include "json.h"
#include "report.h"

struct report_json {
	struct json *to;
	FILE *file;
	unsigned reports;
	struct unknown *unknown; /* json_document.c */
	unsigned unknown_count;
	struct pool scratch; /* of one report */
};

/* Of whatever bytes, made valid. */
void report_put_text(struct report_json *j, const char *text);
void report_put_member(struct report_json *j, const char *key, const char *text); /* 0: null */

void report_put_frame(struct report_json *j, const struct place *place, unsigned i);
void report_put_stack(struct report_json *j, const char *key, const struct stack *stack);
void report_put_thread(struct report_json *j, const struct thread *thread);
void report_put_line(struct report_json *j, const char *key, unsigned line); /* 0: null */

void report_put_leak(struct report_json *j, const struct model *m, const struct leak *leak);
void report_put_finding(struct report_json *j, const struct model *m, const struct finding *finding);
void report_put_records(struct report_json *j, const struct leak *leak);
void report_put_overdue(struct report_json *j, const struct model *m, const struct overdue *overdue);
void report_put_lifetime(struct report_json *j, const struct lifetime *l); /* 0: not known */
void report_put_explanation(struct report_json *j, enum cause cause, const struct explanation *e);
void report_put_summary(struct report_json *j, const struct report *r);
#endif

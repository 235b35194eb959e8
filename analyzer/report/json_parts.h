/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_JSON_PARTS_H
#define LEAKSHIM_JSON_PARTS_H
/*
 * The parts of the JSON document, as report.schema.json has them, each in a file of its own; and what they are written with.
 */
#include <yajl/yajl_gen.h>

#include "report.h"

struct report_json {
	yajl_gen gen;
	FILE *to;
	unsigned reports;
	struct unknown *unknown; /* json_document.c */
	unsigned unknown_count;
	struct pool scratch; /* of one report */
};

void report_put_text(struct report_json *j, const char *text);
void report_put_key(struct report_json *j, const char *key);
void report_put_member(struct report_json *j, const char *key, const char *text);
void report_put_number(struct report_json *j, const char *key, double number);
void report_put_seconds(struct report_json *j, const char *key, uint64_t us);
void report_put_bool(struct report_json *j, const char *key, bool value);
void report_put_frame(struct report_json *j, const struct place *place, unsigned i);
void report_put_stack(struct report_json *j, const char *key, const struct stack *stack);
void report_put_thread(struct report_json *j, const struct thread *thread);
void report_put_line(struct report_json *j, const char *key, unsigned line);

void report_put_leak(struct report_json *j, const struct model *m, const struct leak *leak);
void report_put_finding(struct report_json *j, const struct model *m, const struct finding *finding);
void report_put_overdue(struct report_json *j, const struct model *m, const struct overdue *overdue);
void report_put_lifetime(struct report_json *j, const struct lifetime *l); /* 0: not known */
void report_put_explanation(struct report_json *j, enum cause cause, const struct explanation *e);
void report_put_summary(struct report_json *j, const struct report *r);

/* Microseconds that something has lived. */
static inline uint64_t report_age(const struct model *m, uint64_t born_us)
{
	return m->now_us > born_us ? m->now_us - born_us : 0;
}
#endif

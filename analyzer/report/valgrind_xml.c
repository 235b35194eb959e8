/* SPDX-License-Identifier: MIT */
/*
 * Diagnosis -> Valgrind's XML output, protocol 4 with memcheck's additions (docs/internals/xml-output-protocol4.txt of Valgrind),
 * for readers that exist: Jenkins, CLion, Qt Creator. One document; the errors of further processes follow the first one's.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "entry.h"
#include "format.h"
#include "version.h"
#include "words.h"
#include "xml.h"

struct valgrind {
	struct xml *x;
	const struct format_settings *settings;
	const struct report *report;
	struct pool scratch;
	uint64_t unique;
	double *counts; /* by error */
	bool is_begun;
};

/* How memcheck calls it; of what it does not know, the nearest. */
static const char *kind_of(const struct entry *e)
{
	if (e->finding && e->finding->mismatch)
		return "MismatchedFree";
	if (e->finding)
		return "InvalidFree";
	switch (e->leak->class) {
	case CLASS_DEFINITE:
	case CLASS_HELD:
		return "Leak_DefinitelyLost";
	case CLASS_INDIRECT:
		return "Leak_IndirectlyLost";
	case CLASS_POSSIBLE:
	case CLASS_UNCLASSIFIED:
		return "Leak_PossiblyLost";
	default:
		return "Leak_StillReachable";
	}
}

static void put_frame(struct valgrind *v, const struct spot *spot)
{
	const char *slash = spot->file ? strrchr(spot->file, '/') : NULL;

	xml_begin(v->x, "frame");
	xml_element(v->x, "ip", pool_print(&v->scratch, "0x%" PRIX64, spot->offset));
	if (spot->module)
		xml_element(v->x, "obj", spot->module);
	if (spot->function)
		xml_element(v->x, "fn", spot->function);
	if (slash)
		xml_element(v->x, "dir", pool_text_n(&v->scratch, spot->file, (size_t)(slash - spot->file)));
	if (spot->file) {
		xml_element(v->x, "file", slash ? slash + 1 : spot->file);
		xml_element(v->x, "line", pool_print(&v->scratch, "%u", spot->line));
	}
	xml_end(v->x);
}

static void put_stack(struct valgrind *v, const struct trail *trail)
{
	xml_begin(v->x, "stack");
	for (unsigned i = 0; i < trail->count; i++)
		put_frame(v, &trail->spots[i]);
	xml_end(v->x);
}

static unsigned thread_of(const struct valgrind *v, const struct entry *e)
{
	const struct model *m = v->report->model;
	uint16_t thread = e->leak ? (e->leak->thread_count ? e->leak->threads[0] : 0)
				  : e->finding->misuse ? e->finding->misuse->thread : e->finding->mismatch->thread;

	return m->threads[thread].main || !thread ? 1 : thread;
}

static void put_error(void *data, const struct entry *e)
{
	struct valgrind *v = data;

	if (!e->leak && !e->finding) /* memcheck does not know the like */
		return;
	xml_begin(v->x, "error");
	xml_element(v->x, "unique", pool_print(&v->scratch, "0x%" PRIx64, v->unique));
	xml_element(v->x, "tid", pool_print(&v->scratch, "%u", thread_of(v, e)));
	xml_element(v->x, "kind", kind_of(e));
	if (e->leak) {
		xml_begin(v->x, "xwhat");
		xml_element(v->x, "text", pool_print(&v->scratch, "%s [%s]", e->title, e->fingerprint));
		xml_element(v->x, "leakedbytes", pool_print(&v->scratch, "%.0f", e->bytes));
		xml_element(v->x, "leakedblocks", pool_print(&v->scratch, "%.0f", e->count));
		xml_end(v->x);
	} else {
		xml_element(v->x, "what", pool_print(&v->scratch, "%s [%s]", e->title, e->fingerprint));
	}
	for (unsigned i = 0; i < e->trail_count; i++) {
		if (i)
			xml_element(v->x, "auxwhat", e->trails[i].title);
		put_stack(v, &e->trails[i]);
	}
	xml_end(v->x);
	v->counts = pool_regrow(v->counts, v->unique + 1, sizeof(*v->counts));
	v->counts[v->unique++] = e->finding ? e->count : 1;
	pool_drop(&v->scratch);
}

static void put_status(struct valgrind *v, const char *state, uint64_t us)
{
	uint64_t ms = us / 1000;

	xml_begin(v->x, "status");
	xml_element(v->x, "state", state);
	xml_element(v->x, "time", pool_print(&v->scratch, "%02" PRIu64 ":%02" PRIu64 ":%02" PRIu64 ":%02" PRIu64 ".%03" PRIu64,
					     ms / 86400000, ms / 3600000 % 24, ms / 60000 % 60, ms / 1000 % 60, ms % 1000));
	xml_end(v->x);
}

static void put_arguments(struct valgrind *v, const char *name, const char *program)
{
	xml_begin(v->x, name);
	xml_element(v->x, "exe", program);
	xml_end(v->x);
}

/* What stands before the first error is about the first process. */
static void begin(struct valgrind *v, const struct model *m)
{
	v->is_begun = true;
	xml_element(v->x, "protocolversion", "4");
	xml_element(v->x, "protocoltool", "memcheck");
	xml_begin(v->x, "preamble");
	xml_element(v->x, "line", "leakshim " LEAKSHIM_VERSION ", in the format of Valgrind's memcheck");
	xml_end(v->x);
	xml_element(v->x, "pid", pool_print(&v->scratch, "%u", m->pid));
	xml_element(v->x, "ppid", pool_print(&v->scratch, "%u", m->ppid));
	xml_element(v->x, "tool", "memcheck");
	xml_begin(v->x, "args");
	put_arguments(v, "vargv", "leakshim");
	put_arguments(v, "argv", words_utf8(&v->scratch, *m->executable ? m->executable : m->program));
	xml_end(v->x);
	put_status(v, "RUNNING", 0);
}

static void *open_valgrind(FILE *to, const struct format_settings *settings)
{
	struct valgrind *v = pool_regrow(NULL, 1, sizeof(*v));

	*v = (struct valgrind){ .x = xml_open(to), .settings = settings };
	xml_begin(v->x, "valgrindoutput");
	return v;
}

static void add_report(void *self, const struct report *report)
{
	struct valgrind *v = self;

	v->report = report;
	if (!v->is_begun)
		begin(v, report->model);
	entry_each(report, NULL, false, put_error, v);
	put_status(v, "FINISHED", report->model->now_us);
	pool_drop(&v->scratch);
}

/* Before the first process there is a place for words. */
static void unknown_program(void *self, const char *program, const char *why)
{
	struct valgrind *v = self;

	if (v->is_begun)
		return;
	xml_begin(v->x, "preamble");
	xml_element(v->x, "line", pool_print(&v->scratch, "leakshim: nothing is known of %s: %s", program, why));
	xml_end(v->x);
	pool_drop(&v->scratch);
}

static void close_valgrind(void *self)
{
	struct valgrind *v = self;

	xml_begin(v->x, "errorcounts");
	for (uint64_t i = 0; i < v->unique; i++) {
		xml_begin(v->x, "pair");
		xml_element(v->x, "count", pool_print(&v->scratch, "%.0f", v->counts[i]));
		xml_element(v->x, "unique", pool_print(&v->scratch, "0x%" PRIx64, i));
		xml_end(v->x);
	}
	xml_end(v->x);
	xml_element(v->x, "suppcounts", "");
	xml_end(v->x);
	xml_close(v->x);
	pool_drop(&v->scratch);
	free(v->counts);
	free(v);
}

const struct format format_valgrind_xml = { "valgrind-xml", false, open_valgrind, add_report, close_valgrind, unknown_program };

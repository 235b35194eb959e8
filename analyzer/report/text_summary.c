/* SPDX-License-Identifier: MIT */
/* The lines at the end of the report for a person. */
#include "text_parts.h"

#include <signal.h>
#include <string.h>

#include "words.h"

#define REFUSED_SHOWN 5u
#define MISSING_SHOWN 3u

static void print_groups(FILE *to, const char *before, const struct class_total *total,
			 const struct model *m)
{
	bool is_estimate = m->is_sampled;
	char a[WORDS_SIZE], b[WORDS_SIZE], c[WORDS_SIZE];

	fprintf(to, "%s%s %s in %s %s, %s", before,
		words_number(a, total->blocks, is_estimate),
		total->blocks >= 0.5 && total->blocks < 1.5 ? "block" : "blocks",
		words_number(b, total->groups, false), total->groups == 1 ? "group" : "groups",
		words_sum(c, total->bytes, is_estimate, m->resource_count));
}

/* Those that have any; what is not named has none. */
static void print_classes(FILE *to, const struct report *r)
{
	unsigned said = 0;
	char a[WORDS_SIZE];

	fputs("leakshim: by class:", to);
	for (unsigned class = 0; class < CLASSES; class++) {
		const struct class_total *total = &r->diagnosis->totals[class];

		if (!(total->blocks > 0))
			continue;
		fprintf(to, "%s %s %s", said++ ? "," : "", words_class(class),
			words_number(a, total->blocks, r->model->is_sampled));
		fprintf(to, " (%s)", words_sum(a, total->bytes, r->model->is_sampled, r->model->resource_count));
	}
	fputs(said ? "; --show CLASS lists them.\n" : " nothing was left.\n", to);
}

/* What a program that grows holds most of, leak or not. */
static void print_largest(FILE *to, const struct report *r)
{
	const struct largest *l = &r->diagnosis->largest;
	const struct class_total *all = &r->diagnosis->totals[CLASS_REACHABLE];
	char a[WORDS_SIZE], b[WORDS_SIZE];

	if (!l->makers || r->diagnosis->is_shown[CLASS_REACHABLE])
		return;
	fprintf(to, "leakshim: still reachable %s; largest: ", words_bytes(a, all->bytes, r->model->is_sampled));
	fprintf(to, "%s %s, %s, by ", words_number(a, l->count, l->is_estimate), l->count < 1.5 ? "block" : "blocks",
		words_bytes(b, l->bytes, l->is_estimate));
	words_escape(to, l->makers);
	fputs(".\n", to);
	if (l->pool) {
		fputs("leakshim: ", to);
		words_escape(to, l->pool);
		fputs(".\n", to);
	}
}

static void print_missed(FILE *to, struct report const *r)
{
	struct model *m = r->model;
	char a[WORDS_SIZE];

	if (r->diagnosis->is_complete && r->diagnosis->unclassified) {
		fputs("; all allocations were recorded.\n", to);
		return;
	}
	if (r->diagnosis->is_complete) {
		fputs(m->ending == ENDING_EXEC ? "; nothing was missed until then.\n" : "; nothing was missed.\n", to);
		return;
	}
	fputs(". NOT COMPLETE:\n", to);
	for (unsigned i = 0; i < MODEL_DROPS; i++)
		if (m->drops[i])
			fprintf(to, "leakshim:   %s\n", words_drop(&m->pool, i, m->drops[i]));
	if (m->is_partial)
		fputs("leakshim:   the trace is damaged; this is what comes before the damage\n", to);
	if (m->scan.doubtful)
		fprintf(to, "leakshim:   %s %s may be held by what could not be read, see below\n",
			words_number(a, m->scan.doubtful, false), m->scan.doubtful == 1 ? "block" : "blocks");
	if (r->diagnosis->blind || !strcmp(m->level, "disabled"))
		fprintf(to, "leakshim:   %s\n", r->diagnosis->blind ? r->diagnosis->blind : "nothing was followed at the end (level=disabled)");
	if (m->is_stopped) {
		fputs("leakshim:   the shim stood aside before the end: ", to);
		text_stack_name(to, m->stop_reason);
		fputc('\n', to);
	}
}

static void print_after(FILE *to, const struct report *r)
{
	if (!r->after)
		return;
	fprintf(to, "leakshim: process %u went on as another program: ", r->model->pid);
	words_escape(to, r->after);
	fputc('\n', to);
}

/* Functions that are nowhere, or that are only where the compiler put them into their callers. */
static void print_missing(FILE *to, const struct model *m, bool is_inlined)
{
	uint32_t missing = 0;

	for (uint32_t i = 1; i < m->probe_count; i++) {
		const struct probe *p = &m->probes[i];

		if (p->hook != HOOK_MISSING || (p->inlined != 0) != is_inlined || missing++ >= MISSING_SHOWN)
			continue;
		fputs(missing > 1 ? ", "
		      : is_inlined ? "leakshim: put into their callers by the compiler, where nothing follows them: "
				   : "leakshim: not in the loaded libraries: ", to);
		words_escape(to, p->whole);
		fputs(strchr(p->whole, '(') ? "" : "()", to);
		if (is_inlined)
			fprintf(to, p->inlined == 1 ? " in 1 place" : " in %u places", p->inlined);
	}
	if (missing > MISSING_SHOWN)
		fprintf(to, " and %u more", missing - MISSING_SHOWN);
	if (missing)
		fputc('\n', to);
}

/* What the probe files asked for and did not get. */
static void print_probes(FILE *to, const struct model *m)
{
	uint32_t refused = 0;

	for (uint32_t i = 0; i < m->problem_count; i++) {
		fputs("leakshim: ", to);
		words_escape(to, m->problems[i]);
		fputc('\n', to);
	}
	if (m->python_refusal) {
		fputs("leakshim: no Python functions are named: ", to);
		words_escape(to, m->python_refusal);
		fputc('\n', to);
	}
	for (uint32_t i = 1; i < m->probe_count; i++) {
		const struct probe *probe = &m->probes[i];

		if (probe->hook != HOOK_REFUSED || refused++ >= REFUSED_SHOWN)
			continue;
		fputs("leakshim: not followed: ", to);
		words_escape(to, probe->whole);
		fputs(strchr(probe->whole, '(') ? ": " : "(): ", to);
		text_stack_name(to, probe->reason);
		fputc('\n', to);
	}
	if (refused > REFUSED_SHOWN)
		fprintf(to, "leakshim: not followed: %u more functions\n", refused - REFUSED_SHOWN);
	if (m->unsure_count)
		fprintf(to, "leakshim: %u wrong %s of types with such functions %s not told: what was not seen may set them right\n",
			m->unsure_count, m->unsure_count == 1 ? "use" : "uses", m->unsure_count == 1 ? "is" : "are");
	print_missing(to, m, false);
	print_missing(to, m, true);
}

#define OFF_LEAST 200 /* microseconds without a processor that are worth a word */

static void print_scan(FILE *to, const struct report *r)
{
	struct model *m = r->model;
	const struct scan *scan = &m->scan;
	bool is_one = !scan->is_at_end && !m->process_count; /* a sum has no pause of its own */
	char a[WORDS_SIZE];

	if (scan->failure && m->java.status == JAVA_NONE && !r->diagnosis->unclassified)
		fprintf(to, "leakshim: the latest scan for pointers failed: %s.%s\n", scan->failure,
			scan->is_done ? " Classes are those of the scan before." : "");
	if (!scan->is_done)
		return;
	if (is_one && !scan->threads)
		fprintf(to, "leakshim: nothing that is followed was alive when pointers were to be looked for, %s ago",
			words_time(a, model_age(m, scan->time_us)));
	if (is_one && scan->threads)
		fprintf(to, "leakshim: scan of %u %s, %s ago; the program stood still for %.1f ms",
			scan->threads, scan->threads == 1 ? "thread" : "threads",
			words_time(a, model_age(m, scan->time_us)), (double)scan->pause_us / 1000);
	if (is_one && scan->threads && scan->pause_cpu_us && scan->pause_cpu_us + OFF_LEAST < scan->pause_us)
		fprintf(to, ", %.1f ms of it on a processor", (double)scan->pause_cpu_us / 1000);
	if (is_one && scan->looks > 1)
		fprintf(to, " (median of %u looks %.1f ms, worst %.1f ms)", scan->looks, (double)scan->median_us / 1000,
			(double)scan->worst_us / 1000);
	if (is_one)
		fputs(".\n", to);
	if (is_one && scan->memory)
		fprintf(to, "leakshim: no copy of one moment was made: the scanning process took %s bytes while the program ran on.\n",
			words_number(a, scan->memory, false));
	if (scan->missing)
		fprintf(to, "leakshim: not looked at for pointers: %s; what they hold may be shown "
			    "as lost.\n", scan->missing);
	for (uint32_t i = 0; i < scan->unread_count; i++) {
		fputs("leakshim: not read: ", to);
		words_escape(to, words_unread(&m->pool, &scan->unread[i]));
		fputs(".\n", to);
	}
}

/* What a filter of system calls kept us from, and whether one killed for a call of ours. */
static void print_filter(FILE *to, const struct model *m)
{
	const struct filter *f = &m->filter;
	char a[WORDS_SIZE];

	if (f->is_seen && f->calls)
		fprintf(to, "leakshim: the program took system calls away from itself%s; not made by leakshim for that: %s "
			    "(%s %s).\n", f->is_opaque ? ", nobody can know which" : "", f->calls,
			words_number(a, (double)f->left_out, false), f->left_out == 1 ? "call" : "calls");
	if (f->own_call && m->ending == ENDING_SIGNAL && m->ending_detail == SIGSYS)
		fprintf(to, "leakshim: a system call of leakshim's own was under way when the program was killed: %s. A "
			    "filter that was not seen coming kills for it; leave this program untraced.\n",
			f->own_call);
}

/* What was seen of a Java virtual machine, and what was not. */
static void print_java_vm(FILE *to, const struct report *r)
{
	const struct java_vm *vm = &r->model->java;
	const struct java_pools *pools = &r->diagnosis->pools;
	char a[WORDS_SIZE], b[WORDS_SIZE], c[WORDS_SIZE];

	if (vm->status == JAVA_NONE)
		return;
	fputs("leakshim: ", to);
	text_stack_name(to, vm->version && *vm->version && strcmp(vm->version, "?") ? vm->version : "the Java virtual machine");
	if (vm->status == JAVA_SWITCHED_OFF)
		fputs(": its objects were not followed (jvm=0).\n", to);
	else if (vm->status == JAVA_DECLINED)
		fputs(": its objects were not followed: ", to), words_escape(to, vm->reason), fputs(".\n", to);
	else if (vm->is_walked)
		fprintf(to, ": %s objects of its heap were looked at in %.1f ms; native memory was not searched for pointers.\n",
			words_number(a, vm->walk_objects, false), (double)vm->walk_took_us / 1000);
	else if (vm->is_walk_short)
		fprintf(to, ": %s objects of its heap were looked at in %.1f ms, then the time was up; what is lost "
			    "could not be told from what was not met.\n",
			words_number(a, vm->walk_objects, false), (double)vm->walk_took_us / 1000);
	else
		fprintf(to, ": its heap was not looked at%s%s.\n", vm->walk_failure ? ": " : "",
			vm->walk_failure ? vm->walk_failure : "");
	if (pools->chunks)
		fprintf(to, "leakshim: Netty's pools have %s %s of direct memory, %s; %s living buffers fill %.1f %% of it.\n",
			words_number(a, (double)pools->chunks, false), pools->chunks == 1 ? "chunk" : "chunks",
			words_bytes(b, (double)pools->bytes, false), words_number(c, (double)pools->buffers, false),
			(double)pools->used * 100 / (double)pools->bytes);
	if (vm->untouched)
		fprintf(to, "leakshim: %s classes that are followed elsewhere were left as they are.\n",
			words_number(a, (double)vm->untouched, false));
}

/* Lost or still needed? What nobody knows comes before what somebody does. */
static void print_unclassified(FILE *to, const struct report *r)
{
	const struct class_total *all = &r->diagnosis->totals[CLASS_UNCLASSIFIED];
	char a[WORDS_SIZE], b[WORDS_SIZE];

	if (!r->diagnosis->unclassified)
		return;
	fprintf(to, "leakshim: NOT CLASSIFIED, so it is not known whether anything of it is lost: %s %s, %s: ",
		words_number(a, all->blocks, r->model->is_sampled), all->blocks >= 0.5 && all->blocks < 1.5 ? "block" : "blocks",
		words_sum(b, all->bytes, r->model->is_sampled, r->model->resource_count));
	words_escape(to, r->diagnosis->unclassified);
	fputs(".\n", to);
}

static const char *no_leaks(const struct diagnosis *d)
{
	return d->blind ? "nothing is known" : d->unclassified || !d->is_complete ? "no leaks are known of" : "no leaks";
}

void text_summary(FILE *to, const struct report *r)
{
	const struct diagnosis *d = r->diagnosis;
	char a[WORDS_SIZE], b[WORDS_SIZE];

	print_unclassified(to, r);
	fputs("leakshim: ", to);
	if (d->shown.groups)
		print_groups(to, "", &d->shown, r->model);
	if (d->shown.groups && d->hanging.groups)
		fprintf(to, " + %s %s, %s, that hang on them", words_number(a, d->hanging.blocks, r->model->is_sampled),
			d->hanging.blocks < 1.5 ? "block" : "blocks",
			words_bytes(b, d->hanging.bytes, r->model->is_sampled));
	if (!d->shown.groups)
		fputs(no_leaks(d), to);
	if (d->finding_count)
		fprintf(to, ", %s wrong %s", words_number(a, d->finding_count, false),
			d->finding_count == 1 ? "use" : "uses");
	if (d->overdue_count)
		fprintf(to, ", %s overdue %s", words_number(a, d->overdue_count, false), d->overdue_count == 1 ? "group" : "groups");
	if (d->totals[CLASS_IN_FLIGHT].blocks > 0 && !d->is_shown[CLASS_IN_FLIGHT])
		fprintf(to, ", %s in flight", words_number(a, d->totals[CLASS_IN_FLIGHT].blocks, r->model->is_sampled));
	fprintf(to, ". %s", words_ended(&r->model->pool, r->model));
	print_missed(to, r);
	print_after(to, r);
	print_classes(to, r);
	print_largest(to, r);
	print_scan(to, r);
	print_filter(to, r->model);
	print_java_vm(to, r);
	print_probes(to, r->model);
	if (r->model->is_sampled)
		fputs("leakshim: only a sample was followed; numbers with ~ are estimates.\n", to);
	for (uint32_t i = 0; i < d->note_count; i++) {
		fputs("leakshim: note: ", to);
		words_escape(to, d->notes[i]);
		fputc('\n', to);
	}
}

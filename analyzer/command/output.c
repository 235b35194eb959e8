/* SPDX-License-Identifier: MIT */
/* The chain from a trace to its report. See output.h. */
#include "output.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "explain.h"
#include "file.h"
#include "focus.h"
#include "languages.h"
#include "read.h"
#include "report.h"
#include "suppress.h"
#include "traces.h"
#include "words.h"

#define EXPLAIN_MS 2000 /* at most, for the explanations of one report */
#define TEXT_MAX 20 /* groups of a text report, if --max does not say */

/* Returns 0, or -1 after saying why. */
int output_read_suppressions(struct output *out)
{
	const struct options *o = out->options;

	if (o->suppression_count || o->module_count)
		out->suppressions = suppress_open();
	for (unsigned i = 0; i < o->module_count; i++)
		suppress_module(out->suppressions, o->modules[i]);
	for (unsigned i = 0; i < o->suppression_count; i++)
		if (suppress_read(out->suppressions, o->suppressions[i]))
			return -1;
	return 0;
}

void output_open(struct output *out, const struct options *o, FILE *to)
{
	memset(out, 0, sizeof(*out));
	out->options = o;
	out->to.settings = (struct format_settings){ .source_root = o->source_root, .has_baseline = o->baseline || o->since ||
							      o->command == COMMAND_DIFF,
						     .max = o->max < 0 ? TEXT_MAX : (uint32_t)o->max };
	outputs_open(&out->to, o->print_suppressions ? NULL : o->format, to);
}

/* Returns the exit status: trouble if the report could not be written whole. */
int output_close(struct output *out, int status)
{
	if (out->suppressions) {
		suppress_summary(out->suppressions, out->to.words);
		suppress_close(out->suppressions);
	}
	if (out->clean)
		fprintf(out->to.words, "leakshim: %u other %s had no leaks\n", out->clean,
			out->clean == 1 ? "process" : "processes");
	if (out->blind)
		fprintf(out->to.words, "leakshim: %u other %s: nothing is known, since nothing was followed\n", out->blind,
			out->blind == 1 ? "process" : "processes");
	if (out->execs)
		fprintf(out->to.words, "leakshim: %u other %s replaced by exec%s%s\n",
			out->execs, out->execs == 1 ? "process was" : "processes were",
			out->drops_clean ? "" : "; the traces lie in ", out->drops_clean ? "" : out->folder);
	return outputs_close(&out->to) ? STATUS_TROUBLE : status;
}

struct diagnose_options output_diagnose_options(const struct options *o)
{
	long usual = outputs_want_all(o->format) ? 0 : TEXT_MAX;

	return (struct diagnose_options){ .show = o->show ? o->show : DIAGNOSE_SHOW,
					  .max = (uint32_t)(o->max < 0 ? usual : o->max) };
}

unsigned output_fail_on(const struct options *o)
{
	return o->fail_on ? o->fail_on : JUDGE_FAIL_ON;
}

/* Is there anything that --fail-on-leak speaks of? */
static bool has_leaks(const struct output *out, const struct diagnosis *d)
{
	for (unsigned class = 0; class < CLASSES; class++) {
		double blocks = d->totals[class].blocks - (class == CLASS_UNCLASSIFIED ? d->running.blocks : 0);

		if ((output_fail_on(out->options) | 1u << CLASS_UNCLASSIFIED) & 1u << class && blocks > 0)
			return true;
	}
	return false;
}

/* A word for a shell's command line. */
static char *quoted(struct pool *p, const char *word)
{
	const char *plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
			    "_-+./,=@%";
	char *text, *to;

	if (*word && strspn(word, plain) == strlen(word))
		return pool_text(p, word);
	text = to = pool_take(p, strlen(word) * 4 + 3);
	*to++ = '\'';
	for (; *word; word++)
		to = *word == '\'' ? stpcpy(to, "'\\''") : (*to = *word, to + 1);
	*to = '\'';
	return text;
}

static const char *next_command(const struct output *out, struct model *m)
{
	const struct options *o = out->options;

	if (m->ending == ENDING_RUNNING && !m->scan.is_tried && !m->drops[DROP_NO_SPACE])
		return pool_print(&m->pool, "leakshim snapshot %u, which finds out what is lost", m->pid);
	if (out->sum_of)
		return "leakshim report --each, which tells more of each process";
	return pool_print(&m->pool, "leakshim report %s%s", quoted(&m->pool, m->path),
			  o->show ? " --format json" : " --show all");
}

/* What leads to the program that took the place of this one. `leakshim run` tells of it by itself, and where the shim asks it has
 * not begun. */
static const char *after_command(const struct output *out, struct model *m)
{
	char path[PATH_MAX];

	if (m->ending != ENDING_EXEC || out->options->command == COMMAND_RUN || out->options->from_shim)
		return NULL;
	if (!traces_after(m->path, path, sizeof(path)))
		return "leakshim traces lists its trace, if it was kept";
	return pool_print(&m->pool, "leakshim report %s", quoted(&m->pool, path));
}

/* A program whose stderr was closed has its report in a file beside the trace. From the shim, that is where we write. */
static void say_report_file(struct output *out, struct model *m, bool is_trace_gone)
{
	const char *path = pool_print(&m->pool, "%s.report", m->path);
	struct stat st, own;

	if (lstat(path, &st) || !S_ISREG(st.st_mode))
		return;
	if (!out->options->from_shim)
		fprintf(out->to.words, "leakshim: its stderr was closed; what it had to report itself is in %s\n", path);
	else if (is_trace_gone && !fstat(2, &own) && own.st_dev == st.st_dev && own.st_ino == st.st_ino && !own.st_size)
		unlink(path);
}

static void print_report(struct output *out, struct model *m, const struct diagnosis *d)
{
	struct report report = { .model = m,
				 .diagnosis = d,
				 .next = next_command(out, m),
				 .after = after_command(out, m),
				 .is_full = out->options->full,
				 .is_sum = out->sum_of,
				 .joined = out->joined,
				 .text_most = out->options->max < 0 ? TEXT_MAX : (uint32_t)out->options->max,
				 .is_headed = out->options->from_shim || out->has_many || out->only_leaks };
	bool is_clean = !d->shown.groups && !d->finding_count && !d->overdue_count && !d->growth.is_too_fast &&
			(d->is_complete || d->blind) && !d->unclassified;
	bool is_exec = m->ending == ENDING_EXEC && !m->scan.is_done;

	if (is_clean && out->options->from_shim && !out->options->keep_always &&
	    !strcmp(out->options->from_shim, "exit") && !unlink(m->path))
		report.is_trace_gone = true;
	say_report_file(out, m, report.is_trace_gone);
	if (is_clean && d->is_complete && out->drops_clean && m->ending != ENDING_RUNNING && !unlink(m->path))
		report.is_trace_gone = true;
	if (out->options->print_suppressions) {
		for (uint32_t i = 0; i < d->detailed; i++)
			suppress_print(out->to.words, &d->leaks[i]);
	} else {
		if (out->only_leaks && m->ending == ENDING_RUNNING) {
			fputs("leakshim: ", out->to.words);
			words_escape(out->to.words, m->program);
			fprintf(out->to.words, " (%u) goes on living; to ask it: leakshim report %u\n", m->pid, m->pid);
		}
		out->clean += out->only_leaks && is_clean && !d->blind && m->ending != ENDING_RUNNING;
		out->blind += out->only_leaks && is_clean && d->blind;
		out->execs += out->only_leaks && !is_clean && is_exec;
		outputs_add(&out->to, &report, !(out->only_leaks && (is_clean || is_exec)) && (!out->judge || !is_clean));
		if (out->only_leaks && (is_clean || (is_exec && out->drops_clean)) && m->ending != ENDING_RUNNING)
			unlink(m->path);
	}
	/* What a child held when it became another program, say a shell before its command,
	 * is not known to be lost. */
	out->found_leaks |= (out->repeats ? d->shown.groups > 0 : has_leaks(out, d)) && !(out->only_leaks && is_exec);
}

static bool is_named(const char *fingerprint, char *const *names, int count)
{
	for (int k = 0; k < count; k++)
		if (!strcmp(fingerprint, names[k]))
			return true;
	return false;
}

static bool has_group(const struct diagnosis *d, const char *name)
{
	for (uint32_t i = 0; i < d->leak_count; i++)
		if (!strcmp(d->leaks[i].fingerprint, name))
			return true;
	return false;
}

static bool has_overdue(const struct diagnosis *d, const char *name)
{
	for (uint32_t i = 0; i < d->overdue_count; i++)
		if (!strcmp(d->overdue[i].group->fingerprint, name))
			return true;
	return false;
}

/* Keeps the groups that were named, and says which are not there. Returns how many names are of groups. */
static int keep_named(struct diagnosis *d, char *const *names, int count)
{
	uint32_t kept = 0;
	int found = 0;

	for (int k = 0; k < count; k++) {
		bool is_leak = has_group(d, names[k]), is_overdue = has_overdue(d, names[k]);

		found += is_leak || is_overdue;
		if (is_leak)
			continue;
		fputs("leakshim: ", stderr);
		words_escape(stderr, names[k]);
		fputs(is_overdue ? ": is overdue, not lost: what holds it stands below, and nothing is to be watched\n"
				 : ": no group of this report has that fingerprint\n", stderr);
	}
	for (uint32_t i = 0; i < d->detailed; i++)
		if (is_named(d->leaks[i].fingerprint, names, count))
			d->leaks[kept++] = d->leaks[i];
	d->leak_count = d->detailed = kept;
	kept = 0;
	for (uint32_t i = 0; i < d->overdue_count; i++)
		if (is_named(d->overdue[i].group->fingerprint, names, count))
			d->overdue[kept++] = d->overdue[i];
	d->overdue_count = kept;
	return found;
}

/* Keeps the groups that the runs before had too. */
static void keep_repeated(const struct output *out, struct diagnosis *d)
{
	uint32_t kept = 0;

	d->shown = (struct class_total){ 0 };
	for (uint32_t i = 0; i < d->leak_count; i++) {
		unsigned runs = 0;

		while (runs < out->repeat_count && baseline_has(&out->repeats[runs], &d->leaks[i]))
			runs++;
		if (runs < out->repeat_count)
			continue;
		d->shown.groups++;
		d->shown.blocks += d->leaks[i].count;
		d->shown.bytes += d->leaks[i].bytes;
		d->leaks[kept++] = d->leaks[i];
	}
	if (kept < d->leak_count)
		fprintf(out->to.words, "leakshim: %u %s not in all of the %u runs: passed over\n", d->leak_count - kept,
			d->leak_count - kept == 1 ? "group was" : "groups were", out->repeat_count + 1);
	d->leak_count = kept;
	d->detailed = kept < d->detailed ? kept : d->detailed;
}

/* Which of the groups of a baseline are reported again? */
static void baseline_seen(struct baseline *b, const struct diagnosis *d)
{
	struct before before;

	for (uint32_t i = 0; i < d->leak_count; i++)
		baseline_compare(b, &d->leaks[i], d->leaks[i].count, &before);
}

/* Groups that were found, or those that were named, are looked at closely from now on. */
static void focus_on(const struct output *out, const struct model *m, const struct diagnosis *d)
{
	uint32_t sites[FOCUS_MOST];
	unsigned count = focus_sites(m, d, sites);
	int set = count ? file_set_focus(out->focus_trace, sites, count) : 0;

	if (set > 0)
		fprintf(stderr, "leakshim: %d place%s in focus from now on: it is watched who holds what is made there; explain it again "
				"when more of it has leaked\n", set, set == 1 ? " is" : "s are");
	else if (!set)
		fputs("leakshim: nothing is in focus: none of the groups asked for was found; see leakshim snapshot\n", stderr);
}

/* pid: of the process that writes the trace, 0 if none was named. */
int output_trace(struct output *out, const char *path, pid_t pid, const char *copy_to)
{
	struct read_options how = { .partial = out->options->partial,
				    .copy_to = copy_to,
				    .pid = (int)pid };
	struct diagnose_options options = output_diagnose_options(out->options);
	struct diagnosis diagnosis;
	struct symbols *symbols;
	struct model model;
	int status = STATUS_TROUBLE, found = 1;

	if (!read_trace(&model, path, &how)) {
		if (copy_to || out->sum_of)
			model.path = copy_to ? copy_to : out->sum_of;
		struct languages *languages = languages_open(&model.pool);
		for (unsigned i = 0; i < out->options->runtime_count; i++)
			if (languages_read(languages, out->options->runtimes[i])) {
				pool_drop(&model.pool);
				return STATUS_TROUBLE;
			}
		languages_meet(languages, &model);
		model.languages = languages;
		symbols = symbols_open(&model);
		if (model.suppressions && *model.suppressions && !out->suppressions)
			out->suppressions = suppress_open();
		if (model.suppressions && *model.suppressions)
			suppress_add(out->suppressions, model.suppressions, "the program's own");
		options.suppressions = out->suppressions;
		if (out->gather || out->judge || out->options->print_suppressions)
			options.max = 0;
		if (out->show)
			options.show = out->show;
		if (out->gather || out->judge || out->options->print_suppressions)
			options.show |= 1u << CLASS_INDIRECT;
		if (out->judge ? !out->judge->is_diff : out->gather != NULL)
			options.show |= output_fail_on(out->options);
		diagnose(&diagnosis, &model, symbols, &options);
		if (!out->gather && !out->focus && !out->options->print_suppressions)
			explain(&diagnosis, &model, symbols, &(struct explain_options){ .milliseconds = EXPLAIN_MS, .without = out->options->without });
		if (out->options->named_count)
			found = keep_named(&diagnosis, out->options->named, out->options->named_count);
		if (out->repeats)
			keep_repeated(out, &diagnosis);
		if (out->seen)
			baseline_seen(out->seen, &diagnosis);
		if (out->judge)
			judge(out->judge, &model, &diagnosis);
		if (out->asks_focus && !model.watched_count)
			fputs("leakshim: nothing of what was to be looked at closely was made in this run, or all of it was released\n", stderr);
		if (out->focus_trace)
			focus_on(out, &model, &diagnosis);
		if (out->focus)
			*out->focus = focus_names(&model, &diagnosis);
		if (out->focus && !out->gather)
			;
		else if (out->gather)
			baseline_add(out->gather, &diagnosis);
		else
			print_report(out, &model, &diagnosis);
		symbols_close(symbols);
		status = 0;
	}
	if (status)
		outputs_unknown(&out->to, path, OUTPUT_NO_TRACE);
	pool_drop(&model.pool);
	return found ? status : STATUS_TROUBLE;
}

/* The groups of an older trace. Returns 0, or -1 after saying why. */
int output_gather(struct baseline *b, const struct output *like, const char *path)
{
	struct output out = *like;

	out.gather = b;
	return output_trace(&out, path, 0, NULL);
}

/* A baseline is read, or with --write-baseline made from the traces. Returns 0 or -1. */
int output_check_open(struct output *out, struct judge *judge, struct baseline *baseline)
{
	const struct options *o = out->options;

	*baseline = (struct baseline){ .groups = NULL };
	*judge = (struct judge){ .allow_incomplete = o->allow_incomplete, .to = out->to.words,
				 .has_max_growth = o->has_max_growth, .max_growth = o->max_growth,
				 .fail_on = output_fail_on(o), .max = output_diagnose_options(o).max };
	if (output_read_suppressions(out))
		return -1;
	if (o->write_baseline) {
		out->gather = baseline;
		return 0;
	}
	if (o->baseline && baseline_read(baseline, o->baseline))
		return -1;
	judge->baseline = o->baseline ? baseline : NULL;
	out->judge = judge;
	return 0;
}

int output_check_close(struct output *out, struct judge *judge, struct baseline *baseline, int trouble)
{
	int status = trouble ? STATUS_TROUBLE : 0;

	if (out->gather)
		status |= baseline_keep_reasons(baseline, out->options->baseline) || baseline_write(baseline, out->options->baseline)
				  ? STATUS_TROUBLE : 0;
	else if (!trouble)
		status = judge_close(judge);
	baseline_drop(baseline);
	return status;
}

/* Nothing could be asked: formats for programs still have their document. `words`: for people, 0: they were told. */
int output_nothing(const struct options *o, FILE *to, const char *program, const char *why, const char *words)
{
	struct output out;

	output_open(&out, o, to);
	if (words)
		fputs(words, out.to.words);
	outputs_unknown(&out.to, program, why);
	return output_close(&out, STATUS_TROUBLE);
}

/* SPDX-License-Identifier: MIT */
/*
 * leakshim: the chain read -> symbols -> diagnose -> report, and the commands on it.
 */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "completion.h"
#include "config.h"
#include "demangle.h"
#include "diagnose.h"
#include "doctor.h"
#include "explain.h"
#include "fetch.h"
#include "focus.h"
#include "file.h"
#include "judge.h"
#include "languages.h"
#include "merging.h"
#include "options.h"
#include "outputs.h"
#include "probes.h"
#include "process.h"
#include "read.h"
#include "report.h"
#include "request.h"
#include "run.h"
#include "schema.h"
#include "suppress.h"
#include "traces.h"
#include "top.h"
#include "who.h"
#include "words.h"

#define STATUS_LEAKS 1
#define STATUS_TROUBLE 2
#define STATUS_CHECK_LEAKS 23 /* of run --check: not likely the program's own */
#define STATUS_CHECK_TROUBLE 24
#define EXPLAIN_MS 2000 /* at most, for the explanations of one report */
#define TEXT_MAX 20 /* groups of a text report, if --max does not say */

/* Where a command's reports go. */
struct output {
	const struct options *options;
	struct outputs to;
	bool has_many;   /* several reports in one text */
	bool only_leaks; /* say nothing of clean traces, but count them */
	unsigned clean;  /* how many those were */
	unsigned blind;  /* how many left traces of which nothing is known */
	bool drops_clean; /* a clean trace goes away */
	unsigned execs;  /* how many children went on as another program, unclassified */
	const char *folder; /* where the children's traces lie */
	bool found_leaks;
	const char *sum_of; /* how the traces are called whose sum is reported; 0: it is one trace */
	uint32_t show; /* classes, 0: those of the options */
	struct suppressions *suppressions; /* 0: none */
	struct judge *judge;               /* 0: report everything */
	struct baseline *seen;             /* whose groups are looked for among those reported; 0: none */
	const struct baseline *repeats;    /* of the runs before: only groups of all of them count */
	unsigned repeat_count;
	bool asks_focus;                   /* something should have been in focus */
	char **focus;                      /* takes the names of what a second look is for, nothing is printed; 0: no */
	const char *focus_trace;           /* its trace */
	struct baseline *gather;           /* takes what is found, nothing is printed; 0: no */
};

/* Returns 0, or -1 after saying why. */
static int read_suppressions(struct output *out)
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

static void output_open(struct output *out, const struct options *o, FILE *to)
{
	memset(out, 0, sizeof(*out));
	out->options = o;
	out->to.settings = (struct format_settings){ .source_root = o->source_root, .has_baseline = o->baseline || o->since ||
							      o->command == COMMAND_DIFF,
						     .max = o->max < 0 ? TEXT_MAX : (uint32_t)o->max };
	outputs_open(&out->to, o->print_suppressions ? NULL : o->format, to);
}

#define NO_TRACE "there is no trace of it that could be read; stderr says why"

/* Returns the exit status: trouble if the report could not be written whole. */
static int output_close(struct output *out, int status)
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

static struct diagnose_options diagnose_options(const struct options *o)
{
	long usual = outputs_want_all(o->format) ? 0 : TEXT_MAX;

	return (struct diagnose_options){ .show = o->show ? o->show : DIAGNOSE_SHOW,
					  .max = (uint32_t)(o->max < 0 ? usual : o->max) };
}

static unsigned fail_on(const struct options *o)
{
	return o->fail_on ? o->fail_on : JUDGE_FAIL_ON;
}

/* Is there anything that --fail-on-leak speaks of? */
static bool has_leaks(const struct output *out, const struct diagnosis *d)
{
	for (unsigned class = 0; class < CLASSES; class++)
		if ((fail_on(out->options) | 1u << CLASS_UNCLASSIFIED) & 1u << class && d->totals[class].blocks > 0)
			return true;
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

	if (m->ending == ENDING_RUNNING && !m->scan.is_tried)
		return pool_print(&m->pool, "leakshim snapshot %u, which finds out what is lost", m->pid);
	if (out->sum_of)
		return "leakshim report --each, which tells more of each process";
	return pool_print(&m->pool, "leakshim report %s%s", quoted(&m->pool, m->path),
			  o->show ? " --format json" : " --show all");
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
				 .is_full = out->options->full,
				 .is_sum = out->sum_of,
				 .text_most = out->options->max < 0 ? TEXT_MAX : (uint32_t)out->options->max,
				 .is_headed = out->options->from_shim || out->has_many || out->only_leaks };
	bool is_clean = !d->shown.groups && !d->finding_count && (d->is_complete || d->blind);
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

/* Keeps the groups that were named, and says which are not there. */
static void keep_named(struct diagnosis *d, char *const *names, int count)
{
	uint32_t kept = 0;

	for (int k = 0; k < count; k++) {
		bool is_there = false;

		for (uint32_t i = 0; i < d->leak_count; i++)
			is_there |= !strcmp(d->leaks[i].fingerprint, names[k]);
		if (is_there)
			continue;
		fputs("leakshim: ", stderr);
		words_escape(stderr, names[k]);
		fputs(": no group of this report has that fingerprint\n", stderr);
	}
	for (uint32_t i = 0; i < d->detailed && count; i++)
		for (int k = 0; k < count; k++)
			if (!strcmp(d->leaks[i].fingerprint, names[k])) {
				d->leaks[kept++] = d->leaks[i];
				break;
			}
	if (count)
		d->leak_count = d->detailed = kept;
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
static int report_trace(struct output *out, const char *path, pid_t pid, const char *copy_to)
{
	struct read_options how = { .partial = out->options->partial,
				    .copy_to = copy_to,
				    .pid = (int)pid };
	struct diagnose_options options = diagnose_options(out->options);
	struct diagnosis diagnosis;
	struct symbols *symbols;
	struct model model;
	int status = STATUS_TROUBLE;

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
			options.show |= fail_on(out->options);
		diagnose(&diagnosis, &model, symbols, &options);
		if (!out->gather && !out->focus && !out->options->print_suppressions)
			explain(&diagnosis, &model, symbols, &(struct explain_options){ .milliseconds = EXPLAIN_MS });
		if (out->options->named_count)
			keep_named(&diagnosis, out->options->named, out->options->named_count);
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
		outputs_unknown(&out->to, path, NO_TRACE);
	pool_drop(&model.pool);
	return status;
}

/* A pid, if it looks like one and no file has that name. */
static pid_t pid_of(const char *word)
{
	char *end;
	long pid;

	if (!*word || strspn(word, "0123456789") != strlen(word) || !access(word, F_OK))
		return 0;
	pid = strtol(word, &end, 10);
	return pid > 0 && pid <= INT_MAX ? (pid_t)pid : 0;
}

/* The groups of an older trace. Returns 0, or -1 after saying why. */
static int read_old(struct baseline *b, const struct output *like, const char *path)
{
	struct output out = *like;

	out.gather = b;
	return report_trace(&out, path, 0, NULL);
}

/* Of a process that runs on, also what it still points at tells why it grows. */
#define SHOW_GROWTH (DIAGNOSE_SHOW | 1u << CLASS_REACHABLE | 1u << CLASS_RUNTIME | 1u << CLASS_UNCLASSIFIED)

/* Are these traces two moments of the same process? */
static bool is_one_process(const char *old, const char *new)
{
	struct file_head a, b;

	return !file_peek(old, &a) && !file_peek(new, &b) && a.pid == b.pid && a.process_start == b.process_start &&
	       a.start_realtime_ns == b.start_realtime_ns;
}

static int command_diff(const struct options *o, const char *old, const char *new)
{
	struct baseline baseline = { .by_class = true };
	struct judge judge = { .baseline = &baseline, .is_diff = true, .allow_incomplete = true,
			       .max = diagnose_options(o).max };
	struct output out;
	int status = STATUS_TROUBLE;

	output_open(&out, o, stdout);
	out.show = o->show ? 0 : is_one_process(old, new) ? SHOW_GROWTH : 0;
	judge.to = out.to.words;
	if (!read_suppressions(&out) && !read_old(&baseline, &out, old)) {
		out.judge = &judge;
		status = report_trace(&out, new, 0, NULL);
		judge_close(&judge);
	}
	baseline_drop(&baseline);
	return output_close(&out, status);
}

/* A baseline is read, or with --write-baseline made from the traces. Returns 0 or -1. */
static int check_open(struct output *out, struct judge *judge, struct baseline *baseline)
{
	const struct options *o = out->options;

	*baseline = (struct baseline){ .groups = NULL };
	*judge = (struct judge){ .allow_incomplete = o->allow_incomplete, .to = out->to.words,
				 .fail_on = fail_on(o), .max = diagnose_options(o).max };
	if (read_suppressions(out))
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

static int check_close(struct output *out, struct judge *judge, struct baseline *baseline, int trouble)
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

static int command_check(const struct options *o)
{
	struct baseline baseline;
	struct judge judge;
	struct output out;
	int trouble;

	output_open(&out, o, stdout);
	trouble = check_open(&out, &judge, &baseline);
	for (int i = 0; i < o->argument_count && !trouble; i++)
		trouble = report_trace(&out, o->arguments[i], 0, NULL);
	return output_close(&out, check_close(&out, &judge, &baseline, trouble));
}

/* The address that a group has as an example; 0: there is no such group. */
static uint64_t example_of(struct model *m, struct symbols *s, const char *fingerprint)
{
	struct diagnose_options how = { .show = (1u << CLASSES) - 1, .max = 1 };
	struct diagnosis d;

	if (strlen(fingerprint) != 8)
		return 0;
	diagnose(&d, m, s, &how);
	for (uint32_t i = 0; i < d.leak_count; i++)
		if (!strcmp(d.leaks[i].fingerprint, fingerprint))
			return d.leaks[i].example;
	return 0;
}

static int command_who(const struct options *o)
{
	struct read_options how = { 0 };
	struct symbols *symbols;
	struct model model;
	char *end;
	uint64_t address = strtoull(o->arguments[1], &end, 16), example;
	int status = STATUS_TROUBLE;

	if (*end || end == o->arguments[1]) {
		fputs("leakshim: who wants an address, for example 0x55d0c8, or a fingerprint, for example 7f3a91c2\n", stderr);
		return STATUS_TROUBLE;
	}
	if (!read_trace(&model, o->arguments[0], &how)) {
		symbols = symbols_open(&model);
		example = example_of(&model, symbols, o->arguments[1]);
		status = who_points_at(&model, symbols, o->arguments[0], example ? example : address) ? STATUS_TROUBLE : 0;
		symbols_close(symbols);
	}
	pool_drop(&model.pool);
	return status;
}

static int report_each(struct output *out, char **paths, int count)
{
	int status = 0;

	out->has_many = count > 1;
	for (int i = 0; i < count; i++) {
		pid_t pid = pid_of(paths[i]);
		char found[PATH_MAX];

		if (pid && process_trace(pid, found, sizeof(found))) {
			outputs_unknown(&out->to, paths[i], NO_TRACE);
			status = STATUS_TROUBLE;
		} else if (report_trace(out, pid ? found : paths[i], pid, NULL))
			status = STATUS_TROUBLE;
	}
	return status;
}

/* The traces of processes that were named by their pids; what has none stays, and cannot be read. */
static char **trace_paths(struct pool *p, char **words, int count)
{
	char **paths = pool_array(p, (size_t)count, sizeof(*paths)), found[PATH_MAX];

	for (int i = 0; i < count; i++) {
		pid_t pid = pid_of(words[i]);

		paths[i] = pid && !process_trace(pid, found, sizeof(found)) ? pool_text(p, found) : words[i];
	}
	return paths;
}

/* Equal groups of several traces are one. */
static int report_sum(struct output *out, char **words, int count)
{
	struct pool pool = { 0 };
	char path[PATH_MAX], name[64];
	bool *unread = pool_array(&pool, (size_t)count, sizeof(*unread));
	enum merging result = merging_temporary(path, sizeof(path), trace_paths(&pool, words, count), count,
						out->options->partial, unread);
	int status = result == MERGING_ALL ? 0 : STATUS_TROUBLE;

	if (result == MERGING_NEVER) {
		pool_drop(&pool);
		return report_each(out, words, count);
	}
	for (int i = 0; i < count; i++)
		if (unread[i])
			outputs_unknown(&out->to, words[i], NO_TRACE);
	snprintf(name, sizeof(name), "%d traces", count);
	out->sum_of = name;
	if (result != MERGING_NONE && report_trace(out, path, 0, NULL))
		status = STATUS_TROUBLE;
	if (result != MERGING_NONE)
		unlink(path);
	out->sum_of = NULL;
	pool_drop(&pool);
	return status;
}

static int command_report(const struct options *o)
{
	struct output out;
	int status;

	if (o->schema) {
		fputs(schema_of_json, stdout);
		return fflush(stdout) ? STATUS_TROUBLE : 0;
	}
	if (o->since)
		return command_diff(o, o->since, o->arguments[0]);
	if (o->from_shim) /* several processes may report into one log: whole blocks */
		setvbuf(stderr, NULL, _IOFBF, 1u << 18);
	output_open(&out, o, o->from_shim ? stderr : stdout);
	if (read_suppressions(&out))
		return output_close(&out, STATUS_TROUBLE);
	if (o->argument_count > 1 && !o->each)
		status = report_sum(&out, o->arguments, o->argument_count);
	else
		status = report_each(&out, o->arguments, o->argument_count);
	return output_close(&out, status);
}

/* Nothing could be asked: formats for programs still have their document. `words`: for people, 0: they were told. */
static int report_nothing(const struct options *o, FILE *to, const char *program, const char *why, const char *words)
{
	struct output out;

	output_open(&out, o, to);
	if (words)
		fputs(words, out.to.words);
	outputs_unknown(&out.to, program, why);
	return output_close(&out, STATUS_TROUBLE);
}

static int command_merge(const struct options *o)
{
	return merging_file(o->output, o->arguments, o->argument_count) == MERGING_ALL ? 0 : STATUS_TROUBLE;
}

static int command_snapshot(const struct options *o)
{
	pid_t pid = pid_of(o->arguments[0]);
	char found[PATH_MAX], name[64];
	struct output out;
	int status;

	if (!pid) {
		fputs("leakshim: snapshot wants the pid of a traced program, not '", stderr);
		words_escape(stderr, o->arguments[0]);
		fputs("'\n", stderr);
		return STATUS_TROUBLE;
	}
	if (process_trace(pid, found, sizeof(found)))
		return report_nothing(o, stdout, o->arguments[0], NO_TRACE, NULL);
	request_scan(found, pid); /* without one, the report tells what there is */
	for (int i = 1; i < 1000; i++) { /* the first name that is free */
		snprintf(name, sizeof(name), i > 1 ? "leakshim.%d.%d.trace" : "leakshim.%d.trace",
			 (int)pid, i);
		if (access(name, F_OK))
			break;
	}
	output_open(&out, o, stdout);
	if (read_suppressions(&out))
		return output_close(&out, STATUS_TROUBLE);
	if (o->command == COMMAND_EXPLAIN)
		out.focus_trace = found;
	status = report_trace(&out, found, pid, o->output ? o->output : name);
	return output_close(&out, status);
}

static int command_level(const struct options *o)
{
	pid_t pid = pid_of(o->arguments[0]);
	int level = options_level(o->arguments[1]);
	char found[PATH_MAX];

	if (level < 0)
		return STATUS_TROUBLE;
	if (!pid) {
		fputs("leakshim: level wants the pid of a traced program, not '", stderr);
		words_escape(stderr, o->arguments[0]);
		fputs("'\n", stderr);
		return STATUS_TROUBLE;
	}
	return process_trace(pid, found, sizeof(found)) || file_set_level(found, level) < 0 ? STATUS_TROUBLE : 0;
}

static int command_probes(const struct options *o)
{
	struct read_options how = { 0 };
	const char *path = o->argument_count ? o->arguments[0] : "";
	pid_t pid = pid_of(path);
	char found[PATH_MAX];
	struct model model;
	int status = STATUS_TROUBLE;

	if (o->check)
		return probes_check(o->arguments, o->argument_count) ? STATUS_TROUBLE : 0;
	if (!*path) {
		probes_list();
		return 0;
	}
	if (pid && process_trace(pid, found, sizeof(found)))
		return STATUS_TROUBLE;
	if (!read_trace(&model, pid ? found : path, &how)) {
		demangle_probes(&model);
		probes_of_trace(&model);
		status = 0;
	}
	pool_drop(&model.pool);
	return status;
}

static int command_top(const struct options *o)
{
	pid_t pid = pid_of(o->arguments[0]);
	char found[PATH_MAX];

	if (!pid) {
		fputs("leakshim: top wants the pid of a traced program, not '", stderr);
		words_escape(stderr, o->arguments[0]);
		fputs("'\n", stderr);
		return STATUS_TROUBLE;
	}
	return process_trace(pid, found, sizeof(found)) || top_show(pid, found) ? STATUS_TROUBLE : 0;
}

static int command_doctor(const struct options *o)
{
	const char *word = o->argument_count ? o->arguments[0] : NULL;
	pid_t pid = word ? pid_of(word) : 0;

	return doctor(pid ? NULL : word, pid) ? STATUS_LEAKS : 0;
}

static int command_run_seen(const struct options *o, struct baseline *seen, const struct baseline *repeats)
{
	struct run_outcome outcome;
	struct baseline baseline;
	struct judge judge;
	struct output out;
	int status, trouble, verdict = 0;

	if (run_program(&outcome, o)) {
		FILE *nowhere = fopen("/dev/null", "we"); /* stderr has words already */

		if (nowhere) {
			report_nothing(o, nowhere, o->arguments[0], "it could not be started, or not be traced; stderr says why", NULL);
			fclose(nowhere);
		}
		return outcome.status;
	}
	status = outcome.status;
	if (!outcome.has_root) {
		char words[256];

		snprintf(words, sizeof(words), "leakshim: NOTHING IS KNOWN of this program's memory: it left no trace (killed before it came "
					       "to life, or it threw LD_PRELOAD away); it ended with status %d\n", status);
		trouble = report_nothing(o, stderr, o->arguments[0], "it left no trace: killed before it came to life, or it threw "
								     "LD_PRELOAD away", words);
	} else {
		output_open(&out, o, stderr);
		if (o->check ? check_open(&out, &judge, &baseline) : read_suppressions(&out))
			return output_close(&out, STATUS_TROUBLE);
		if (outcome.is_lost)
			fputs("leakshim: NOTHING IS KNOWN of what the program became by its last exec: that left no trace (it may be "
			      "statically linked, set-uid, or confined)\n", out.to.words);
		out.seen = seen;
		out.repeats = repeats;
		out.repeat_count = repeats ? o->repeat - 1 : 0;
		out.drops_clean = outcome.drops_clean && !seen;
		out.asks_focus = o->focus != NULL;
		trouble = report_trace(&out, outcome.traces[0], 0, NULL);
		out.asks_focus = false;
		out.seen = NULL;
		if (seen)
			baseline_gone(seen, 0, stderr);
		if (outcome.is_lost)
			trouble = STATUS_TROUBLE;
		out.only_leaks = true;
		out.folder = outcome.folder;
		for (unsigned i = 1; i < outcome.trace_count; i++)
			trouble |= report_trace(&out, outcome.traces[i], 0, NULL);
		if (o->check)
			verdict = check_close(&out, &judge, &baseline, trouble);
		if (o->check && status)
			fprintf(out.to.words, "leakshim: check: the program itself failed with status %d\n", status);
		trouble = output_close(&out, trouble);
		rmdir(outcome.folder); /* only if nothing is left in it */
		if (o->fail_on_leak && !status && out.found_leaks)
			status = STATUS_LEAKS;
	}
	if (o->fail_on_leak && !status && trouble)
		status = STATUS_TROUBLE;
	if (o->check && !status && (verdict || trouble))
		status = verdict == STATUS_LEAKS ? STATUS_CHECK_LEAKS : STATUS_CHECK_TROUBLE;
	run_forget(&outcome);
	return status;
}

/* One of several runs: only which leaks it has is kept. Returns the program's status, or trouble. */
static int run_quietly(const struct options *o, struct baseline *leaks)
{
	struct options quiet = *o;
	struct run_outcome outcome;
	struct output out;
	int status = STATUS_TROUBLE;

	quiet.output = NULL;
	quiet.format = NULL;
	if (run_program(&outcome, &quiet))
		return outcome.status;
	output_open(&out, &quiet, stderr);
	if (!read_suppressions(&out)) {
		status = outcome.status;
		out.gather = leaks;
		for (unsigned i = 0; i < outcome.trace_count; i++) {
			if (report_trace(&out, outcome.traces[i], 0, NULL))
				status = STATUS_TROUBLE;
			unlink(outcome.traces[i]);
		}
	}
	suppress_close(out.suppressions);
	out.suppressions = NULL;
	outputs_close(&out.to);
	rmdir(outcome.folder);
	run_forget(&outcome);
	return status;
}

static int command_run(const struct options *o)
{
	unsigned before = o->repeat ? o->repeat - 1 : 0;
	struct baseline *repeats = before ? calloc(before, sizeof(*repeats)) : NULL;
	int status = 0;

	for (unsigned i = 0; repeats && i < before && !status; i++) {
		status = run_quietly(o, &repeats[i]);
		if (status)
			fprintf(stderr, "leakshim: run %u of %u ended with status %d\n", i + 1, o->repeat, status);
	}
	if (!status)
		status = command_run_seen(o, NULL, repeats);
	for (unsigned i = 0; repeats && i < before; i++)
		baseline_drop(&repeats[i]);
	free(repeats);
	return status;
}

/* A run whose leaks the next one looks at closely. Returns 0 and their names, "" if there are none; or -1. */
static int look_first(const struct options *o, char **focus)
{
	struct run_outcome outcome;
	struct options first = *o;
	struct output out;
	off_t begin = lseek(STDIN_FILENO, 0, SEEK_CUR);

	first.output = NULL;
	first.explain = false;
	*focus = NULL;
	if (run_program(&outcome, &first))
		return -1;
	output_open(&out, &first, stderr);
	out.focus = focus;
	if (!outcome.has_root || read_suppressions(&out) || report_trace(&out, outcome.traces[0], 0, NULL))
		*focus = NULL;
	output_close(&out, 0);
	for (unsigned i = 0; i < outcome.trace_count; i++)
		unlink(outcome.traces[i]);
	rmdir(outcome.folder);
	run_forget(&outcome);
	if (begin >= 0)
		lseek(STDIN_FILENO, begin, SEEK_SET);
	return 0;
}

/* A program is run, and then again with its leaks in focus. */
static int explain_twice(const struct options *o)
{
	struct options again = *o;
	char *focus;
	int status;

	if (look_first(o, &focus))
		return command_run_seen(o, NULL, NULL); /* it says why */
	if (focus && *focus)
		fputs("leakshim: the program runs a second time, with the leaks of its first run in focus\n", stderr);
	again.focus = focus && *focus ? focus : NULL;
	status = command_run_seen(&again, NULL, NULL);
	free(focus);
	return status;
}

/* A program is run again with the leaks of an older trace in focus; what that had and this run has not is named. */
static int explain_again(const struct options *o)
{
	struct options again = *o;
	struct baseline baseline = { .groups = NULL };
	struct output out;
	int status;

	char *focus = NULL;

	output_open(&out, o, stderr);
	out.focus = &focus;
	status = read_old(&baseline, &out, o->arguments[0]);
	if (!status) {
		again.explain = true;
		again.focus = focus && *focus ? focus : NULL;
		again.arguments++;
		again.argument_count--;
		again.command = COMMAND_RUN;
		status = command_run_seen(&again, &baseline, NULL);
	}
	baseline_drop(&baseline);
	free(focus);
	return status;
}

static int command_explain(const struct options *o)
{
	struct options one = *o;

	if (!pid_of(o->arguments[0])) {
		if (o->argument_count > 1)
			return explain_again(o);
		fputs("leakshim: explain wants a program after the trace; for example: leakshim explain server.4711.trace -- "
		      "./server\n", stderr);
		return STATUS_TROUBLE;
	}
	one.argument_count = 1;
	one.named = o->arguments + 1;
	one.named_count = o->argument_count - 1;
	return command_snapshot(&one);
}

int main(int argc, char **argv)
{
	enum options_result result;
	struct options options;

	result = options_parse(&options, argc, argv);
	fetch_begin(!options.from_shim); /* the end of a program waits for no network */
	if (result == OPTIONS_DONE && options.completion && completion_print(options.completion))
		result = OPTIONS_WRONG;
	if (result == OPTIONS_GO)
		result = config_read(&options) ? OPTIONS_WRONG : options_check(&options);
	if (result != OPTIONS_GO)
		return result == OPTIONS_WRONG || fflush(stdout) ? STATUS_TROUBLE : 0;
	switch (options.command) {
	case COMMAND_RUN:
		return options.explain ? explain_twice(&options) : command_run(&options);
	case COMMAND_EXPLAIN:
		return command_explain(&options);
	case COMMAND_MERGE:
		return command_merge(&options);
	case COMMAND_TOP:
		return command_top(&options);
	case COMMAND_DOCTOR:
		return command_doctor(&options);
	case COMMAND_CHECK:
		return command_check(&options);
	case COMMAND_DIFF:
		return command_diff(&options, options.arguments[0], options.arguments[1]);
	case COMMAND_WHO:
		return command_who(&options);
	case COMMAND_SNAPSHOT:
		return command_snapshot(&options);
	case COMMAND_TRACES:
		return traces_command(&options, options.argument_count ? options.arguments[0] : NULL) ? STATUS_TROUBLE : 0;
	case COMMAND_LEVEL:
		return command_level(&options);
	case COMMAND_PROBES:
		return command_probes(&options);
	default:
		return command_report(&options);
	}
}

/* SPDX-License-Identifier: MIT */
/* The commands on traces and living processes. */
#include "commands.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "demangle.h"
#include "doctor.h"
#include "file.h"
#include "focus.h"
#include "joined.h"
#include "merging.h"
#include "output.h"
#include "path.h"
#include "probes.h"
#include "process.h"
#include "read.h"
#include "request.h"
#include "runs.h"
#include "schema.h"
#include "top.h"
#include "who.h"
#include "words.h"

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

static int no_pid(const char *command, const char *word)
{
	fprintf(stderr, "leakshim: %s wants the pid of a traced program, not '", command);
	words_escape(stderr, word);
	fputs("'\n", stderr);
	return STATUS_TROUBLE;
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

/* Two programs have nothing in common, so all of one would be new and all of the other gone. Whether they can be read is
 * said elsewhere. */
static bool are_strangers(const char *old, const char *new)
{
	struct file_head a, b;

	if (file_peek(old, &a) || file_peek(new, &b) || !strcmp(path_file(a.program), path_file(b.program)) ||
	    !strcmp(a.file, b.file))
		return false;
	fputs("leakshim: traces of two programs, ", stderr);
	words_escape(stderr, path_file(a.program));
	fputs(" and ", stderr);
	words_escape(stderr, path_file(b.program));
	fputs(": a comparison wants two of one\n", stderr);
	return true;
}

int command_diff(const struct options *o, const char *old, const char *new)
{
	struct baseline baseline = { .by_class = true };
	struct judge judge = { .baseline = &baseline, .is_diff = true, .allow_incomplete = true,
			       .max = output_diagnose_options(o).max };
	struct output out;
	int status = STATUS_TROUBLE;

	output_open(&out, o, stdout);
	out.show = o->show ? 0 : is_one_process(old, new) ? SHOW_GROWTH : 0;
	judge.to = out.to.words;
	if (!are_strangers(old, new) && !output_read_suppressions(&out) && !output_gather(&baseline, &out, old)) {
		out.judge = &judge;
		status = output_trace(&out, new, 0, NULL);
		if (!status)
			judge_close(&judge);
	}
	baseline_drop(&baseline);
	return output_close(&out, status);
}

int command_check(const struct options *o)
{
	struct baseline baseline;
	struct judge judge;
	struct output out;
	int trouble;

	output_open(&out, o, stdout);
	trouble = output_check_open(&out, &judge, &baseline);
	for (int i = 0; i < o->argument_count && !trouble; i++)
		trouble = output_trace(&out, o->arguments[i], 0, NULL);
	return output_close(&out, output_check_close(&out, &judge, &baseline, trouble));
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

int command_who(const struct options *o)
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
			outputs_unknown(&out->to, paths[i], OUTPUT_NO_TRACE);
			status = STATUS_TROUBLE;
		} else if (output_trace(out, pid ? found : paths[i], pid, NULL))
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
			outputs_unknown(&out->to, words[i], OUTPUT_NO_TRACE);
	snprintf(name, sizeof(name), "%d traces", count);
	out->sum_of = name;
	if (result != MERGING_NONE && output_trace(out, path, 0, NULL))
		status = STATUS_TROUBLE;
	if (result != MERGING_NONE)
		unlink(path);
	out->sum_of = NULL;
	pool_drop(&pool);
	return status;
}

int command_report(const struct options *o)
{
	static char whole[1u << 20];
	unsigned joined;
	struct output out;
	int status;

	if (o->schema) {
		fputs(schema_of_json, stdout);
		return fflush(stdout) ? STATUS_TROUBLE : 0;
	}
	if (o->since)
		return command_diff(o, o->since, o->arguments[0]);
	if (o->from_shim) /* several processes may report into one log: whole reports */
		setvbuf(stderr, whole, _IOFBF, sizeof(whole));
	joined = joined_begin(o);
	output_open(&out, o, o->from_shim ? stderr : stdout);
	out.joined = joined;
	if (output_read_suppressions(&out))
		return output_close(&out, STATUS_TROUBLE);
	if (o->argument_count > 1 && !o->each)
		status = report_sum(&out, o->arguments, o->argument_count);
	else
		status = report_each(&out, o->arguments, o->argument_count);
	joined_tell(o);
	status = output_close(&out, status);
	joined_end(o);
	return status;
}

int command_merge(const struct options *o)
{
	return merging_file(o->output, o->arguments, o->argument_count) == MERGING_ALL ? 0 : STATUS_TROUBLE;
}

int command_snapshot(const struct options *o)
{
	pid_t pid = pid_of(o->arguments[0]);
	char found[PATH_MAX], name[64];
	struct output out;
	int status;

	if (!pid)
		return no_pid("snapshot", o->arguments[0]);
	if (process_trace(pid, found, sizeof(found)))
		return output_nothing(o, stdout, o->arguments[0], OUTPUT_NO_TRACE, NULL);
	request_scan(found, pid); /* without one, the report tells what there is */
	for (int i = 1; i < 1000; i++) { /* the first name that is free */
		snprintf(name, sizeof(name), i > 1 ? "leakshim.%d.%d.trace" : "leakshim.%d.trace",
			 (int)pid, i);
		if (access(name, F_OK))
			break;
	}
	output_open(&out, o, stdout);
	if (output_read_suppressions(&out))
		return output_close(&out, STATUS_TROUBLE);
	if (o->command == COMMAND_EXPLAIN)
		out.focus_trace = found;
	status = output_trace(&out, found, pid, o->output ? o->output : name);
	return output_close(&out, status);
}

int command_level(const struct options *o)
{
	pid_t pid = pid_of(o->arguments[0]);
	int level = options_level(o->arguments[1]);
	char found[PATH_MAX];

	if (level < 0)
		return STATUS_TROUBLE;
	if (!pid)
		return no_pid("level", o->arguments[0]);
	return process_trace(pid, found, sizeof(found)) || file_set_level(found, level) < 0 ? STATUS_TROUBLE : 0;
}

int command_probes(const struct options *o)
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

int command_top(const struct options *o)
{
	pid_t pid = pid_of(o->arguments[0]);
	char found[PATH_MAX];

	if (!pid)
		return no_pid("top", o->arguments[0]);
	return process_trace(pid, found, sizeof(found)) || top_show(pid, found) ? STATUS_TROUBLE : 0;
}

int command_doctor(const struct options *o)
{
	const char *word = o->argument_count ? o->arguments[0] : NULL;
	pid_t pid = word ? pid_of(word) : 0;

	return doctor(pid ? NULL : word, pid) ? STATUS_LEAKS : 0;
}

int command_explain(const struct options *o)
{
	struct options one = *o;

	if (!pid_of(o->arguments[0])) {
		if (o->argument_count > 1)
			return runs_again(o);
		fputs("leakshim: explain wants a program after the trace; for example: leakshim explain server.4711.trace -- "
		      "./server\n", stderr);
		return STATUS_TROUBLE;
	}
	one.argument_count = 1;
	one.named = o->arguments + 1;
	one.named_count = o->argument_count - 1;
	return command_snapshot(&one);
}

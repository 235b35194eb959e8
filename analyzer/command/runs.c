/* SPDX-License-Identifier: MIT */
/* The commands that run a program, once or again. See runs.h. */
#include "runs.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "looks.h"
#include "output.h"
#include "run.h"
#include "suppress.h"

static void say_awaited(const struct run_outcome *outcome, FILE *words)
{
	for (unsigned i = 0; i < outcome->awaited_count; i++) {
		int pid = (int)outcome->awaited[i];

		fprintf(words, "leakshim: process %d goes on living and has left no trace yet; to ask it: leakshim report %d; its trace "
			       "will come into %s\n", pid, pid, outcome->folder);
	}
}

static int run_seen(const struct options *o, struct baseline *seen, const struct baseline *repeats)
{
	struct run_outcome outcome;
	struct baseline baseline;
	struct judge judge;
	struct output out;
	int status, trouble, verdict = 0;

	if (run_program(&outcome, o)) {
		FILE *nowhere = fopen("/dev/null", "we"); /* stderr has words already */

		if (nowhere) {
			output_nothing(o, nowhere, o->arguments[0], "it could not be started, or not be traced; stderr says why", NULL);
			fclose(nowhere);
		}
		return outcome.status;
	}
	status = outcome.status;
	if (!outcome.has_root) {
		char words[256];

		snprintf(words, sizeof(words), "leakshim: NOTHING IS KNOWN of this program's memory: it left no trace (killed before it came "
					       "to life, or it threw LD_PRELOAD away); it ended with status %d\n", status);
		trouble = output_nothing(o, stderr, o->arguments[0], "it left no trace: killed before it came to life, or it threw "
								     "LD_PRELOAD away", words);
	} else {
		output_open(&out, o, stderr);
		if (o->check ? output_check_open(&out, &judge, &baseline) : output_read_suppressions(&out))
			return output_close(&out, STATUS_TROUBLE);
		if (o->check && outcome.looks) {
			judge.growth_of = looks_growth;
			judge.looks = outcome.looks;
		}
		if (outcome.is_lost)
			fputs("leakshim: NOTHING IS KNOWN of what the program became by its last exec: that left no trace (it may be "
			      "statically linked, set-uid, or confined)\n", out.to.words);
		out.seen = seen;
		out.repeats = repeats;
		out.repeat_count = repeats ? o->repeat - 1 : 0;
		out.drops_clean = outcome.drops_clean && !seen;
		out.asks_focus = o->focus != NULL;
		trouble = output_trace(&out, outcome.traces[0], 0, NULL);
		out.asks_focus = false;
		out.seen = NULL;
		if (seen)
			baseline_gone(seen, 0, stderr);
		if (outcome.is_lost)
			trouble = STATUS_TROUBLE;
		out.only_leaks = true;
		out.folder = outcome.folder;
		for (unsigned i = 1; i < outcome.trace_count; i++)
			trouble |= output_trace(&out, outcome.traces[i], 0, NULL);
		if (o->check)
			verdict = output_check_close(&out, &judge, &baseline, trouble);
		if (o->check && status)
			fprintf(out.to.words, "leakshim: check: the program itself failed with status %d\n", status);
		say_awaited(&outcome, out.to.words);
		trouble = output_close(&out, trouble);
		run_tidy(&outcome);
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
	quiet.has_max_growth = false;
	if (run_program(&outcome, &quiet))
		return outcome.status;
	output_open(&out, &quiet, stderr);
	if (!output_read_suppressions(&out)) {
		status = outcome.status;
		out.gather = leaks;
		for (unsigned i = 0; i < outcome.trace_count; i++) {
			if (output_trace(&out, outcome.traces[i], 0, NULL))
				status = STATUS_TROUBLE;
			unlink(outcome.traces[i]);
		}
	}
	suppress_close(out.suppressions);
	out.suppressions = NULL;
	outputs_close(&out.to);
	run_tidy(&outcome);
	run_forget(&outcome);
	return status;
}

int runs_program(const struct options *o)
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
		status = run_seen(o, NULL, repeats);
	for (unsigned i = 0; repeats && i < before; i++)
		baseline_drop(&repeats[i]);
	free(repeats);
	return status;
}

/* Is standard input a pipe whose end was reached? */
static bool is_read_up(void)
{
	struct pollfd input = { .fd = STDIN_FILENO, .events = POLLIN };

	return poll(&input, 1, 0) > 0 && input.revents & POLLHUP && !(input.revents & POLLIN);
}

/* A run whose leaks the next one looks at closely. Returns 0 and their names, "" if there are none; or the status to end with. */
static int look_first(const struct options *o, char **focus)
{
	struct run_outcome outcome;
	struct options first = *o;
	struct output out;
	off_t begin = lseek(STDIN_FILENO, 0, SEEK_CUR);
	bool was_read_up = is_read_up();

	first.output = NULL;
	first.explain = false;
	first.has_max_growth = false;
	*focus = NULL;
	if (run_program(&outcome, &first))
		return outcome.status;
	output_open(&out, &first, stderr);
	out.focus = focus;
	if (!outcome.has_root || output_read_suppressions(&out) || output_trace(&out, outcome.traces[0], 0, NULL))
		*focus = NULL;
	output_close(&out, 0);
	for (unsigned i = 0; i < outcome.trace_count; i++)
		unlink(outcome.traces[i]);
	run_tidy(&outcome);
	run_forget(&outcome);
	if (begin >= 0)
		lseek(STDIN_FILENO, begin, SEEK_SET);
	else if (!was_read_up && is_read_up())
		fputs("leakshim: the first run has read the whole input, and a pipe cannot be read again: the second run gets none; "
		      "give it as a file: < FILE\n", stderr);
	return 0;
}

/* A program is run, and then again with its leaks in focus. */
int runs_twice(const struct options *o)
{
	struct options again = *o;
	char *focus;
	int status;

	status = look_first(o, &focus);
	if (status)
		return status;
	if (focus && *focus)
		fputs("leakshim: the program runs a second time, with the leaks of its first run in focus\n", stderr);
	again.focus = focus && *focus ? focus : NULL;
	status = run_seen(&again, NULL, NULL);
	free(focus);
	return status;
}

/* A program is run again with the leaks of an older trace in focus; what that had and this run has not is named. */
int runs_again(const struct options *o)
{
	struct options again = *o;
	struct baseline baseline = { .groups = NULL };
	struct output out;
	int status;

	char *focus = NULL;

	output_open(&out, o, stderr);
	out.focus = &focus;
	status = output_gather(&baseline, &out, o->arguments[0]);
	if (!status) {
		again.explain = true;
		again.focus = focus && *focus ? focus : NULL;
		again.arguments++;
		again.argument_count--;
		again.command = COMMAND_RUN;
		status = run_seen(&again, &baseline, NULL);
	}
	baseline_drop(&baseline);
	free(focus);
	return status;
}

/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_OUTPUT_H
#define LEAKSHIM_OUTPUT_H
/*
 * What the commands share: the chain read -> symbols -> diagnose -> explain -> judge -> report of one trace after the other,
 * into the formats that were asked for.
 *
 *   output_open ... output_trace for each trace ... output_close, whose result is the command's exit status
 */
#include <stdio.h>
#include <sys/types.h>

#include "diagnose.h"
#include "judge.h"
#include "options.h"
#include "outputs.h"

#define STATUS_LEAKS 1
#define STATUS_TROUBLE 2
#define STATUS_CHECK_LEAKS 23 /* of run --check: not likely the program's own */
#define STATUS_CHECK_TROUBLE 24
#define OUTPUT_NO_TRACE "there is no trace of it that could be read; stderr says why"

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
	unsigned joined; /* requests that were joined into this report, 0: none */
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

void output_open(struct output *out, const struct options *o, FILE *to);

/* Returns the exit status: trouble if the report could not be written whole. */
int output_close(struct output *out, int status);

/* Those of the options. Returns 0, or -1 after saying why. */
int output_read_suppressions(struct output *out);

struct diagnose_options output_diagnose_options(const struct options *o);

/* The classes, a bit each, that make a check fail. */
unsigned output_fail_on(const struct options *o);

/* One trace. pid: of the process that writes it, 0 if none was named; copy_to: where it is copied first, 0: nowhere. Returns 0
 * or the exit status. */
int output_trace(struct output *out, const char *path, pid_t pid, const char *copy_to);

/* The groups of an older trace. Returns 0, or the exit status after saying why. */
int output_gather(struct baseline *b, const struct output *like, const char *path);

/* A baseline is read, or with --write-baseline made from the traces. Returns 0 or -1. */
int output_check_open(struct output *out, struct judge *judge, struct baseline *baseline);

/* Returns the exit status of the check. */
int output_check_close(struct output *out, struct judge *judge, struct baseline *baseline, int trouble);

/* Nothing could be asked: formats for programs still have their document. `words`: for people, 0: they were told. */
int output_nothing(const struct options *o, FILE *to, const char *program, const char *why, const char *words);
#endif

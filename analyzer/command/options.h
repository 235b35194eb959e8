/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_OPTIONS_H
#define LEAKSHIM_OPTIONS_H
/*
 * The command line: one table of commands and one of options feed the parser, --help and
 * the test that holds the manual against them.
 */
#include <stdbool.h>
#include <stdint.h>

enum command { COMMAND_NONE, COMMAND_RUN, COMMAND_REPORT, COMMAND_SNAPSHOT, COMMAND_PROBES, COMMAND_CHECK, COMMAND_DIFF,
	       COMMAND_WHO, COMMAND_LEVEL, COMMAND_DOCTOR, COMMAND_TOP, COMMAND_EXPLAIN, COMMAND_TRACES, COMMAND_MERGE, COMMANDS };

#define OPTIONS_FILES 16 /* of suppressions */

struct options {
	enum command command;
	const char *output;    /* -o */
	const char *level;     /* 0: the shim's own default */
	const char *probes;
	const char *from_shim; /* "exit", "signal", "joined" or "check": started by the shim */
	const char *format;    /* a list for outputs_open; 0: text */
	const char *config;      /* --config */
	const char *completion;  /* --completion: of this shell */
	uint64_t said;           /* bit per option of the table that the command line had */
	const char *source_root; /* absolute; 0: none */
	unsigned show;         /* bit per enum leak_class; 0: the usual ones */
	unsigned fail_on;      /* the same; 0: what judge.h says */
	double max_growth;     /* bytes a minute; only if has_max_growth */
	bool has_max_growth;
	long max;              /* -1: not said, 0: all */
	bool fail_on_leak, partial, keep_always, full;
	unsigned without; /* evidence that explanations are not to rest on, a bit for each enum evidence */
	bool explain; /* look a second time, and watch every block, so that all siblings of a leak are known */
	const char *focus; /* explain: names of stacks, as the shim takes them */
	bool check; /* probes: the arguments are probe files; run: judge the program */
	const char *baseline, *since;
	const char *suppressions[OPTIONS_FILES];
	unsigned suppression_count;
	const char *modules[OPTIONS_FILES]; /* patterns of files whose leaks are ignored */
	unsigned module_count;
	unsigned repeat;       /* run: so many times, 0: not said */
	bool schema;           /* report: print what describes json */
	const char *runtimes[OPTIONS_FILES]; /* files about runtimes of languages */
	unsigned runtime_count;
	bool each;             /* report: of several traces, each by itself */
	bool remove;           /* traces */
	uint64_t older;        /* seconds */
	bool write_baseline, allow_incomplete, print_suppressions;
	char **named;          /* explain: fingerprints */
	int named_count;
	char **arguments;      /* what remains: traces, a pid, or the program with its own */
	int argument_count;
};

/* What the caller does next. */
enum options_result {
	OPTIONS_GO,
	OPTIONS_DONE, /* help or version was printed: status 0 */
	OPTIONS_WRONG /* said why: status 2 */
};

/* The tables, for whoever prints them in another way. */
struct options_word {
	const char *name; /* 0: not for this command, or not for people */
	const char *argument, *help; /* argument: 0: takes none */
};

/* Command i, from 1 on; option i of `command` (0: those of all). False: there are no more. */
bool options_command(unsigned i, struct options_word *word);
bool options_word(unsigned i, unsigned command, struct options_word *word);

/* An option as a configuration file gives it; what the command line said already stays, and what another command wants is
 * passed over. */
enum options_result options_from_file(struct options *o, const char *name, const char *value);

/* The number of a level's name; -1 after saying which is nearest. */
int options_level(const char *name);

/* After the configuration file: is what the command needs there? Says what is missing. */
enum options_result options_check(const struct options *o);

enum options_result options_parse(struct options *o, int argc, char **argv);
#endif

/* SPDX-License-Identifier: MIT */
/* The command line: see options.h. */
#include <stdio.h>
#include <string.h>

#include "options_values.h"
#include "outputs.h"
#include "version.h"

#define IN(command) (1u << COMMAND_##command)

static const struct {
	const char *name, *arguments, *help;
} commands[COMMANDS] = {
	[COMMAND_RUN] = { "run", "[OPTIONS] -- PROGRAM [ARGUMENTS]",
			  "run a program and report what it never released" },
	[COMMAND_REPORT] = { "report", "[OPTIONS] TRACE...|PID",
			     "report from a trace, the sum of several, or a running program" },
	[COMMAND_SNAPSHOT] = { "snapshot", "[OPTIONS] PID",
			       "copy the trace of a running program and report from it" },
	[COMMAND_CHECK] = { "check", "[OPTIONS] TRACE...",
			    "judge traces for a build server: status 0 clean, 1 leaks, 2 trouble" },
	[COMMAND_DIFF] = { "diff", "[OPTIONS] OLD NEW", "what is new, grown or gone from one trace to the next" },
	[COMMAND_MERGE] = { "merge", "-o FILE TRACE...", "sum the traces of many processes and hosts up into one" },
	[COMMAND_WHO] = { "who", "TRACE ADDRESS|FINGERPRINT", "who points at a block, or at one of a group, as far as the latest scan kept it" },
	[COMMAND_TRACES] = { "traces", "[--remove [--older TIME]] [FOLDER]",
			     "list the traces in a folder, or where they usually lie, and remove what nobody needs" },
	[COMMAND_LEVEL] = { "level", "PID LEVEL", "change what is followed in a running program, without a restart" },
	[COMMAND_EXPLAIN] = { "explain", "PID [FINGERPRINT...] | TRACE -- PROGRAM [ARGUMENTS]",
			      "look closer at why blocks leak: of a running program, or of a trace by running\n"
			      "      its program again with every block watched" },
	[COMMAND_TOP] = { "top", "PID", "a live view of what a traced program keeps, and what grows" },
	[COMMAND_DOCTOR] = { "doctor", "[PID | -- PROGRAM]", "what will and will not work here, and why" },
	[COMMAND_PROBES] = { "probes", "[TRACE|PID] | --check FILE...",
			     "list the libraries that are known, or the functions that a program is followed\n"
			     "      at; or check probe files of your own" },
};

enum option {
	OPTION_OUTPUT,
	OPTION_LEVEL,
	OPTION_FORMAT,
	OPTION_SOURCE_ROOT,
	OPTION_CONFIG,
	OPTION_SHOW,
	OPTION_MAX,
	OPTION_FAIL_ON_LEAK,
	OPTION_EXPLAIN,
	OPTION_PROBES,
	OPTION_PARTIAL,
	OPTION_CHECK,
	OPTION_BASELINE,
	OPTION_WRITE_BASELINE,
	OPTION_ALLOW_INCOMPLETE,
	OPTION_FAIL_ON,
	OPTION_MAX_GROWTH,
	OPTION_SINCE,
	OPTION_SUPPRESSIONS,
	OPTION_PRINT_SUPPRESSIONS,
	OPTION_IGNORE_MODULE,
	OPTION_REPEAT,
	OPTION_SCHEMA,
	OPTION_RUNTIMES,
	OPTION_EACH,
	OPTION_REMOVE,
	OPTION_OLDER,
	OPTION_FULL,
	OPTION_WITHOUT,
	OPTION_FROM_SHIM,
	OPTION_KEEP,
	OPTION_HELP,
	OPTION_VERSION,
	OPTION_COMPLETION,
	OPTIONS
};

static const struct {
	const char *name;
	char letter;
	const char *argument; /* 0: takes none */
	unsigned commands;    /* 0: before or after any */
	const char *help;     /* 0: for the shim only, not for people */
} options[OPTIONS] = {
	[OPTION_OUTPUT] = { "output", 'o', "FILE", IN(RUN) | IN(SNAPSHOT) | IN(EXPLAIN) | IN(MERGE), "write the trace to FILE" },
	[OPTION_LEVEL] = { "level", 0, "LEVEL", IN(RUN),
			   "disabled, simple, advanced or paranoid (default)" },
	[OPTION_FORMAT] = { "format", 0, "FORMAT,...", IN(RUN) | IN(REPORT) | IN(SNAPSHOT) | IN(EXPLAIN) | IN(CHECK) | IN(DIFF),
			    "text (default), json, sarif, junit, github, gitlab, markdown, html,\n"
			    "valgrind-xml, pprof, folded or openmetrics; several with files: text,sarif=FILE" },
	[OPTION_SOURCE_ROOT] = { "source-root", 0, "DIR", IN(RUN) | IN(REPORT) | IN(SNAPSHOT) | IN(EXPLAIN) | IN(CHECK) | IN(DIFF),
				 "files below DIR are named relative to it, and html shows their lines" },
	[OPTION_CONFIG] = { "config", 0, "FILE", IN(RUN) | IN(REPORT) | IN(SNAPSHOT) | IN(EXPLAIN) | IN(CHECK) | IN(DIFF),
			    "more options from FILE (default: .leakshim.ini here or in a folder above)" },
	[OPTION_SHOW] = { "show", 0, "CLASS,...", IN(RUN) | IN(REPORT) | IN(SNAPSHOT) | IN(EXPLAIN) | IN(DIFF),
			  "classes to show, or all: definite, indirect, possible, held, in-flight,\n"
			  "reachable, unclassified, runtime, ignored" },
	[OPTION_MAX] = { "max", 0, "N", IN(RUN) | IN(REPORT) | IN(SNAPSHOT) | IN(EXPLAIN) | IN(CHECK) | IN(DIFF),
			 "show the N largest groups, 0 for all (default: 20 as text, all as json)" },
	[OPTION_FAIL_ON_LEAK] = { "fail-on-leak", 0, NULL, IN(RUN),
				  "exit with status 1 if there are leaks and the program ended with 0" },
	[OPTION_EXPLAIN] = { "explain", 0, NULL, IN(RUN), "run it twice, the second time with the leaks of the first in focus" },
	[OPTION_PROBES] = { "probes", 0, "FILE,...", IN(RUN), "probe files of your own libraries" },
	[OPTION_PARTIAL] = { "partial", 0, NULL, IN(REPORT),
			     "of a damaged trace, report what comes before the damage" },
	[OPTION_CHECK] = { "check", 0, NULL, IN(PROBES) | IN(RUN),
			   "probes: say what is wrong with probe files; run: judge the program, and if it ended\n"
			   "well itself, exit with 23 for leaks and 24 for trouble" },
	[OPTION_BASELINE] = { "baseline", 0, "FILE", IN(CHECK) | IN(RUN), "groups in FILE pass if they count no more than there" },
	[OPTION_WRITE_BASELINE] = { "write-baseline", 0, NULL, IN(CHECK) | IN(RUN), "write what is found to the baseline, and pass" },
	[OPTION_ALLOW_INCOMPLETE] = { "allow-incomplete", 0, NULL, IN(CHECK) | IN(RUN),
				      "traces that missed something, or were never scanned, are no trouble" },
	[OPTION_FAIL_ON] = { "fail-on", 0, "CLASS,...", IN(CHECK) | IN(RUN),
			     "classes that fail (definite,indirect,held): possible, reachable and the like" },
	[OPTION_MAX_GROWTH] = { "max-growth", 0, "BYTES", IN(CHECK) | IN(RUN),
				"with run: --check; fail if what a living process keeps grows by more than BYTES a minute: 64k, 1m/min" },
	[OPTION_SINCE] = { "since", 0, "TRACE", IN(REPORT), "only what is new or grown since an older trace" },
	[OPTION_SUPPRESSIONS] = { "suppressions", 0, "FILE", IN(RUN) | IN(REPORT) | IN(SNAPSHOT) | IN(EXPLAIN) | IN(CHECK) | IN(DIFF),
				  "leaks to ignore, in the syntax of LeakSanitizer or Valgrind" },
	[OPTION_PRINT_SUPPRESSIONS] = { "print-suppressions", 0, NULL, IN(RUN) | IN(REPORT) | IN(SNAPSHOT) | IN(CHECK),
					"print an entry for each leak instead of the report" },
	[OPTION_IGNORE_MODULE] = { "ignore-module", 0, "GLOB", IN(RUN) | IN(REPORT) | IN(SNAPSHOT) | IN(EXPLAIN) | IN(CHECK) | IN(DIFF),
				   "ignore leaks of what the code of a file makes, by its name: libfoo.so.*" },
	[OPTION_REPEAT] = { "repeat", 0, "N", IN(RUN), "run the program N times; only leaks that every run shows count" },
	[OPTION_SCHEMA] = { "schema", 0, NULL, IN(REPORT), "print the schema of json" },
	[OPTION_RUNTIMES] = { "runtimes", 0, "FILE", IN(RUN) | IN(REPORT) | IN(SNAPSHOT) | IN(CHECK) | IN(DIFF),
			      "what the runtime of a language makes for itself, beside those that are known" },
	[OPTION_EACH] = { "each", 0, NULL, IN(REPORT), "of several traces, report each by itself instead of their sum" },
	[OPTION_REMOVE] = { "remove", 0, NULL, IN(TRACES), "remove the traces of processes that are gone" },
	[OPTION_OLDER] = { "older", 0, "TIME", IN(TRACES), "only those to which nothing happened for TIME: 90s, 30m, 12h, 1d" },
	[OPTION_FULL] = { "full", 0, NULL, IN(RUN) | IN(REPORT) | IN(SNAPSHOT) | IN(CHECK) | IN(DIFF),
			  "every frame of a library and whole names, as text" },
	[OPTION_WITHOUT] = { "without", 0, "EVIDENCE,...", IN(RUN) | IN(REPORT), NULL },
	[OPTION_FROM_SHIM] = { "from-shim", 0, "EVENT", IN(REPORT), NULL },
	[OPTION_KEEP] = { "keep", 0, "WHEN", IN(REPORT), NULL },
	[OPTION_HELP] = { "help", 'h', NULL, 0, "print this help" },
	[OPTION_VERSION] = { "version", 0, NULL, 0, "print the version" },
	[OPTION_COMPLETION] = { "completion", 0, "SHELL", 0, "print completion for bash, zsh or fish" },
};

static const char *const levels[] = { "disabled", "simple", "advanced", "paranoid", NULL };
static const char *const events[] = { "exit", "signal", "joined", "check", NULL };
static const char *const keeps[] = { "leaks", "always", NULL };

static void print_short_help(void)
{
	puts("leakshim tells which memory of a program was never released, and who made it.\n"
	     "\n"
	     "  leakshim run -- ./server --port 80      run a program, then report\n"
	     "  leakshim report 4711                    report from a program that runs traced\n"
	     "\n"
	     "leakshim --help lists everything.");
}

static void print_option(unsigned i)
{
	char head[64], mark[8] = "    ";
	const char *at = options[i].help;

	if (options[i].letter)
		snprintf(mark, sizeof(mark), "-%c, ", options[i].letter);
	snprintf(head, sizeof(head), "%s--%s%s%s", mark, options[i].name,
		 options[i].argument ? " " : "", options[i].argument ? options[i].argument : "");
	printf("  %-24s ", head);
	for (; *at; at++) {
		putchar(*at);
		if (*at == '\n')
			printf("%27s", "");
	}
	putchar('\n');
}

static void print_command_help(unsigned command)
{
	printf("  leakshim %s %s\n      %s\n", commands[command].name, commands[command].arguments,
	       commands[command].help);
	for (unsigned i = 0; i < OPTIONS; i++)
		if (options[i].help && options[i].commands & 1u << command)
			print_option(i);
	putchar('\n');
}

static void print_help(enum command only)
{
	puts("leakshim tells which memory of a program was never released, and who made it.\n");
	for (unsigned i = 1; i < COMMANDS; i++)
		if (only == COMMAND_NONE || only == (enum command)i)
			print_command_help(i);
	for (unsigned i = 0; i < OPTIONS; i++)
		if (!options[i].commands)
			print_option(i);
	puts("\nThe report of run goes to stderr, of report and snapshot to stdout.\n"
	     "Exit status: run: the program's own, 128+N after signal N; else 0; 2 for trouble.\n"
	     "Manual: man leakshim");
}

static enum options_result set_option(struct options *o, unsigned which, const char *value)
{
	int i;

	switch ((enum option)which) {
	case OPTION_OUTPUT:
		o->output = value;
		return OPTIONS_GO;
	case OPTION_LEVEL:
		i = value_choose("level", value, levels);
		o->level = i < 0 ? NULL : levels[i];
		return i < 0 ? OPTIONS_WRONG : OPTIONS_GO;
	case OPTION_FORMAT:
		o->format = value;
		return outputs_check(value) ? OPTIONS_WRONG : OPTIONS_GO;
	case OPTION_CONFIG:
		o->config = value;
		return OPTIONS_GO;
	case OPTION_SOURCE_ROOT:
		return value_source_root(o, value);
	case OPTION_SHOW:
		return value_classes(&o->show, value);
	case OPTION_FAIL_ON:
		return value_classes(&o->fail_on, value);
	case OPTION_MAX:
		return value_max(o, value);
	case OPTION_FAIL_ON_LEAK:
		o->fail_on_leak = true;
		return OPTIONS_GO;
	case OPTION_EXPLAIN:
		o->explain = true;
		return OPTIONS_GO;
	case OPTION_PROBES:
		o->probes = value;
		return OPTIONS_GO;
	case OPTION_PARTIAL:
		o->partial = true;
		return OPTIONS_GO;
	case OPTION_CHECK:
		o->check = true;
		return OPTIONS_GO;
	case OPTION_BASELINE:
		o->baseline = value;
		return OPTIONS_GO;
	case OPTION_WRITE_BASELINE:
		o->write_baseline = true;
		return OPTIONS_GO;
	case OPTION_ALLOW_INCOMPLETE:
		o->allow_incomplete = true;
		return OPTIONS_GO;
	case OPTION_MAX_GROWTH:
		return value_max_growth(o, value);
	case OPTION_SINCE:
		o->since = value;
		return OPTIONS_GO;
	case OPTION_SUPPRESSIONS:
		if (o->suppression_count < OPTIONS_FILES)
			o->suppressions[o->suppression_count++] = value;
		return OPTIONS_GO;
	case OPTION_PRINT_SUPPRESSIONS:
		o->print_suppressions = true;
		return OPTIONS_GO;
	case OPTION_IGNORE_MODULE:
		if (o->module_count < OPTIONS_FILES)
			o->modules[o->module_count++] = value;
		return OPTIONS_GO;
	case OPTION_REPEAT:
		return value_repeat(o, value);
	case OPTION_SCHEMA:
		o->schema = true;
		return OPTIONS_GO;
	case OPTION_RUNTIMES:
		if (o->runtime_count < OPTIONS_FILES)
			o->runtimes[o->runtime_count++] = value;
		return OPTIONS_GO;
	case OPTION_EACH:
		o->each = true;
		return OPTIONS_GO;
	case OPTION_REMOVE:
		o->remove = true;
		return OPTIONS_GO;
	case OPTION_OLDER:
		return value_older(o, value);
	case OPTION_FULL:
		o->full = true;
		return OPTIONS_GO;
	case OPTION_WITHOUT:
		return value_without(o, value);
	case OPTION_FROM_SHIM:
		i = value_choose("event", value, events);
		o->from_shim = i < 0 ? NULL : events[i];
		return i < 0 ? OPTIONS_WRONG : OPTIONS_GO;
	case OPTION_KEEP:
		i = value_choose("value of --keep", value, keeps);
		o->keep_always = i == 1;
		return i < 0 ? OPTIONS_WRONG : OPTIONS_GO;
	case OPTION_COMPLETION:
		o->completion = value;
		return OPTIONS_DONE;
	case OPTION_HELP:
		print_help(o->command);
		return OPTIONS_DONE;
	default:
		puts("leakshim " LEAKSHIM_VERSION);
		return OPTIONS_DONE;
	}
}

static bool is_allowed(const struct options *o, unsigned i)
{
	return !options[i].commands || options[i].commands & 1u << o->command;
}

/* Ends a line that says what is missing. */
static enum options_result list_commands(void)
{
	fputs("; there are:", stderr);
	for (unsigned i = 1; i < COMMANDS; i++)
		fprintf(stderr, " %s", commands[i].name);
	fputc('\n', stderr);
	return OPTIONS_WRONG;
}

static enum options_result unknown_option(const struct options *o, const char *word)
{
	char names[OPTIONS][24];
	const char *list[OPTIONS + 1] = { 0 };
	unsigned count = 0;
	char what[64];

	for (unsigned i = 0; i < OPTIONS; i++) {
		if (!options[i].help || (o->command && !is_allowed(o, i)))
			continue;
		if (!strncmp(word, "--", 2) && !strcmp(word + 2, options[i].name)) {
			fprintf(stderr, "leakshim: %s comes after a command", word);
			return list_commands();
		}
		snprintf(names[count], sizeof(names[count]), "--%s", options[i].name);
		list[count] = names[count];
		count++;
	}
	snprintf(what, sizeof(what), "option%s%s", o->command ? " of " : "",
		 o->command ? commands[o->command].name : "");
	return value_wrong_word(what, word, list);
}

/* Which option a word is; `value` becomes what follows in the same word. -1: none. */
static int find_option(const struct options *o, char *word, char **value)
{
	size_t length = strcspn(word, "=");

	*value = NULL;
	for (unsigned i = 0; i < OPTIONS; i++) {
		if (!is_allowed(o, i))
			continue;
		if (word[1] == '-' && strlen(options[i].name) == length - 2 &&
		    !strncmp(word + 2, options[i].name, length - 2)) {
			*value = word[length] ? word + length + 1 : NULL;
			return (int)i;
		}
		if (word[1] != '-' && word[1] == options[i].letter) {
			*value = word[2] ? word + 2 : NULL;
			return (int)i;
		}
	}
	return -1;
}

static enum options_result parse_option(struct options *o, char ***at)
{
	char *word = **at, *value;
	int i = find_option(o, word, &value);

	if (i < 0)
		return unknown_option(o, word);
	if (!options[i].argument && value) {
		fprintf(stderr, "leakshim: --%s takes no value\n", options[i].name);
		return OPTIONS_WRONG;
	}
	if (options[i].argument && !value) {
		value = (*at)[1];
		if (!value) {
			fprintf(stderr, "leakshim: --%s wants a value: %s\n", options[i].name,
				options[i].argument);
			return OPTIONS_WRONG;
		}
		++*at;
	}
	o->said |= 1ull << i;
	return set_option(o, (unsigned)i, value);
}

static enum options_result parse_command(struct options *o, const char *word)
{
	const char *list[COMMANDS] = { 0 };

	for (unsigned i = 1; i < COMMANDS; i++) {
		list[i - 1] = commands[i].name;
		if (!strcmp(word, commands[i].name)) {
			o->command = (enum command)i;
			return OPTIONS_GO;
		}
	}
	return value_wrong_word("command", word, list);
}

enum options_result options_check(const struct options *o)
{
	static const char *const missing[COMMANDS] = {
		[COMMAND_RUN] = "a program; for example: leakshim run -- ./server --port 80",
		[COMMAND_REPORT] = "a trace or a pid; for example: leakshim report 4711",
		[COMMAND_SNAPSHOT] = "a pid; for example: leakshim snapshot 4711",
		[COMMAND_CHECK] = "a trace; for example: leakshim check server.4711.trace",
		[COMMAND_DIFF] = "two traces; for example: leakshim diff old.trace new.trace",
		[COMMAND_WHO] = "a trace and an address or a fingerprint; for example: leakshim who server.4711.trace 7f3a91c2",
		[COMMAND_LEVEL] = "a pid and a level; for example: leakshim level 4711 paranoid",
		[COMMAND_EXPLAIN] = "a pid, or a trace and a program; for example: leakshim explain server.4711.trace -- ./server",
		[COMMAND_MERGE] = "traces and a file for the result; for example: leakshim merge *.trace -o all.trace",
		[COMMAND_TOP] = "a pid; for example: leakshim top 4711",
		[COMMAND_PROBES] = "a file; for example: leakshim probes --check own.probes",
	};

	if (o->command == COMMAND_DOCTOR)
		return OPTIONS_GO;
	if (o->command == COMMAND_TRACES && o->argument_count <= 1 && (o->remove || !o->older))
		return OPTIONS_GO;
	if (o->command == COMMAND_TRACES) {
		fputs("leakshim: traces wants one folder at most, and --older goes with --remove\n", stderr);
		return OPTIONS_WRONG;
	}
	if (o->command == COMMAND_PROBES && !o->argument_count && !o->check)
		return OPTIONS_GO;
	if (o->schema)
		return OPTIONS_GO;
	if (!o->argument_count || (o->command == COMMAND_MERGE && !o->output)) {
		fprintf(stderr, "leakshim: %s wants %s\n", commands[o->command].name,
			missing[o->command]);
		return OPTIONS_WRONG;
	}
	if ((o->command == COMMAND_DIFF || o->command == COMMAND_WHO || o->command == COMMAND_LEVEL) &&
	    o->argument_count != 2) {
		fprintf(stderr, "leakshim: %s wants %s\n", commands[o->command].name, missing[o->command]);
		return OPTIONS_WRONG;
	}
	if (o->write_baseline && !o->baseline) {
		fputs("leakshim: --write-baseline wants --baseline FILE, the file to write\n", stderr);
		return OPTIONS_WRONG;
	}
	if (o->command == COMMAND_RUN && !o->check && o->said & 1ull << OPTION_MAX_GROWTH) {
		fputs("leakshim: --max-growth wants --check too: leakshim run --check --max-growth 1m/min -- ./server\n", stderr);
		return OPTIONS_WRONG;
	}
	if (o->command == COMMAND_SNAPSHOT && o->argument_count > 1) {
		fputs("leakshim: snapshot wants one pid only\n", stderr);
		return OPTIONS_WRONG;
	}
	return OPTIONS_GO;
}

bool options_command(unsigned i, struct options_word *word)
{
	if (i >= COMMANDS)
		return false;
	*word = (struct options_word){ .name = commands[i].name, .argument = commands[i].arguments, .help = commands[i].help };
	return true;
}

bool options_word(unsigned i, unsigned command, struct options_word *word)
{
	if (i >= OPTIONS)
		return false;
	*word = (struct options_word){ .argument = options[i].argument, .help = options[i].help };
	if (options[i].help && (command ? options[i].commands & 1u << command : !options[i].commands))
		word->name = options[i].name;
	return true;
}

enum options_result options_from_file(struct options *o, const char *name, const char *value)
{
	unsigned i = 0;

	while (i < OPTIONS && strcmp(options[i].name, name))
		i++;
	if (i == OPTIONS)
		return OPTIONS_WRONG;
	if (!is_allowed(o, i) || (o->said & 1ull << i && i != OPTION_SUPPRESSIONS && i != OPTION_IGNORE_MODULE))
		return OPTIONS_GO;
	if (!options[i].argument)
		return strcmp(value, "yes") ? strcmp(value, "no") ? OPTIONS_WRONG : OPTIONS_GO : set_option(o, i, NULL);
	return set_option(o, i, value);
}

int options_level(const char *name)
{
	return value_choose("level", name, levels);
}

enum options_result options_parse(struct options *o, int argc, char **argv)
{
	enum options_result result = OPTIONS_GO;
	char **at = argv + 1, **kept;

	memset(o, 0, sizeof(*o));
	o->max = -1;
	if (argc < 2) {
		print_short_help();
		return OPTIONS_DONE;
	}
	kept = o->arguments = argv + 1; /* arguments move to the front as options are taken out */
	for (; *at && result == OPTIONS_GO; at++) {
		if (!strcmp(*at, "--")) {
			at++;
			break;
		}
		if ((*at)[0] == '-' && (*at)[1])
			result = parse_option(o, &at);
		else if (!o->command)
			result = parse_command(o, *at);
		else if (o->command == COMMAND_RUN)
			break;
		else
			*kept++ = *at;
	}
	if (result != OPTIONS_GO)
		return result;
	while (*at)
		*kept++ = *at++;
	*kept = NULL;
	o->argument_count = (int)(kept - o->arguments);
	if (!o->command) {
		fputs("leakshim: no command", stderr);
		return list_commands();
	}
	return OPTIONS_GO;
}

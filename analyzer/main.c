/* SPDX-License-Identifier: MIT */
/* leakshim: its options, and the command that they name. */
#include <pthread.h>
#include <stdio.h>
#include <sys/resource.h>

#include "commands.h"
#include "completion.h"
#include "config.h"
#include "fetch.h"
#include "output.h"
#include "runs.h"
#include "traces.h"

static int run(int argc, char **argv)
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
		return options.explain ? runs_twice(&options) : runs_program(&options);
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

#define STACK_SIZE (8ul << 20)
#define STACK_LEAST (1ul << 20)

struct start {
	int argc;
	char **argv;
	int status;
};

static void *run_there(void *start)
{
	struct start *s = start;

	s->status = run(s->argc, s->argv);
	return NULL;
}

/* A program that limits its stack to a few pages does so for those that it starts, too. */
int main(int argc, char **argv)
{
	struct start s = { argc, argv, STATUS_TROUBLE };
	struct rlimit limit;
	pthread_attr_t attr;
	pthread_t thread;

	if (getrlimit(RLIMIT_STACK, &limit) || limit.rlim_cur >= STACK_LEAST || pthread_attr_init(&attr))
		return run(argc, argv);
	if (pthread_attr_setstacksize(&attr, STACK_SIZE) || pthread_create(&thread, &attr, run_there, &s))
		return run(argc, argv);
	pthread_join(thread, NULL);
	return s.status;
}

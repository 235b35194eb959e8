/* SPDX-License-Identifier: MIT */
/* leakshim: its options, and the command that they name. */
#include <stdio.h>

#include "commands.h"
#include "completion.h"
#include "config.h"
#include "fetch.h"
#include "output.h"
#include "runs.h"
#include "traces.h"

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

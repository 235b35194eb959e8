/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_COMMANDS_H
#define LEAKSHIM_COMMANDS_H
/* The commands on traces and living processes, one function each, as the manual has them. Each returns the exit status. */
#include "options.h"

int command_diff(const struct options *o, const char *old, const char *new);
int command_check(const struct options *o);
int command_who(const struct options *o);
int command_report(const struct options *o);
int command_merge(const struct options *o);
int command_snapshot(const struct options *o);
int command_level(const struct options *o);
int command_probes(const struct options *o);
int command_top(const struct options *o);
int command_doctor(const struct options *o);
int command_explain(const struct options *o);
#endif

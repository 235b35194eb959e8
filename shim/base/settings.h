/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_SETTINGS_H
#define LEAKSHIM_SETTINGS_H
/*
 * What the user asked for: the only reader of the environment.
 *
 * LEAKSHIM_OPTIONS=key=value:key=value...
 *   level=disabled|simple|advanced|paranoid   default paranoid
 *   sample=BYTES       mean distance of samples at simple and advanced, default 524288
 *   trace=PATH         the trace file of this process (fork children add .PID)
 *   dir=DIR            folder for traces, default $TMPDIR or /tmp, there leakshim-UID
 *   report=exit,signal|none   when the report appears by itself, default both
 *   signal=USR1|USR2|none     default USR1
 *   probes=FILE,FILE   more probe files
 *   analyzer=PATH      the leakshim program
 *   keep=always|leaks  what becomes of the trace of a clean run, default leaks
 *   follow=yes|no      fork children too, default yes
 *   roots=-KIND,+KIND  where the search for lost blocks begins: globals, stacks, registers, tls, mmaps,
 *                      loader, kernel, regions, ignored; all but those taken away. "none": no search.
 *                      -idioms: no inner pointer stands for its block; tagged: the upper 16
 *                      bits of a word are no address
 *   hooks=entry|got|none  how functions of libraries are followed: at their entries (and through imports where that
 *                      cannot be), through imports only, or not at all; default entry
 *   fill=yes|no        clear blocks as they are handed out, so that no stale pointer is left in memory that
 *                      the program does not write to; default no, for it changes what a faulty program reads
 *   watch=some|all     of which blocks it is kept where they are released: of a sample of each site, or of all
 *   focus=HEX,HEX...   stacks whose blocks are looked at closely: who holds them, and when nobody does any more
 *   step=PID           who follows blocks in focus instruction by instruction, if that process traces this one
 *   jvm=0|1            follow Java objects; default 1
 *   pause=MS           how long a look at the living program may hold it, default 10
 *   age=MS             least age of what such a look calls lost, default 1000
 * An unknown key or value is named once on stderr and otherwise ignored.
 *
 * Read once, from the constructor's own envp: getenv does not work that early.
 */
#include <stdint.h>

#define SETTINGS_PATH 1024
#define SETTINGS_FOCUS 64u

enum settings_hooks { SETTINGS_HOOKS_ENTRY, SETTINGS_HOOKS_GOT, SETTINGS_HOOKS_NONE };

struct settings {
	uint32_t level;
	uint64_t sample;
	char trace[SETTINGS_PATH];
	char dir[SETTINGS_PATH];
	char temporary[SETTINGS_PATH]; /* parent of the default dir */
	char probes[SETTINGS_PATH];
	char analyzer[SETTINGS_PATH];
	int report_exit, report_signal;
	int signal; /* 0: none */
	int hooks;  /* enum settings_hooks */
	int jvm;
	int keep_always;
	int follow;
	int fill;
	int watch_all;
	uint64_t focus[SETTINGS_FOCUS]; /* names of stacks, trace_focus_mix */
	uint32_t focus_count;
	uint64_t step; /* 0: nobody */
	uint32_t roots;      /* bit per enum trace_root */
	int heuristics;      /* some inner pointers stand for their block */
	int tagged;
	uint64_t pause, age; /* milliseconds */
	/* NAME=value strings for the analyzer that the shim starts, end with 0 */
	char *environment[16];
	char environment_text[4096];
};

extern struct settings settings __attribute__((visibility("hidden")));

/* Fills `settings`. */
void settings_read(char **envp);
#endif

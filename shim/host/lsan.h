/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_LSAN_H
#define LEAKSHIM_LSAN_H
/*
 * The functions that programs written for LeakSanitizer call, under their names there, and
 * leakshim_ignore. They work on the trace of this process; without one they do nothing.
 */

/* Calls the program's __lsan_default_suppressions and __lsan_is_turned_off, if it exports them. Not in
 * a signal handler, and not before main: the program is not ready then. */
void lsan_ask(void);

/* The program said that there shall be no report. */
int lsan_is_turned_off(void);
#endif

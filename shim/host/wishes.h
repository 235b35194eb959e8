/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_WISHES_H
#define LEAKSHIM_WISHES_H
/*
 * What a program written for LeakSanitizer wishes of its report.
 */

/* Calls the program's __lsan_default_suppressions and __lsan_is_turned_off, if it exports them. Not in
 * a signal handler, and not before main: the program is not ready then. */
void wishes_ask(void);

/* The program said that there shall be no report. */
int wishes_no_report(void);
#endif

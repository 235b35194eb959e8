/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_SIGNALS_H
#define LEAKSHIM_SIGNALS_H
/*
 * The report signal, and the signals that end a process.
 *
 * 1. A handler of ours stands only where the program has the default action, and is not
 *    visible: sigaction and signal answer SIG_DFL for it. A program that installs its own handler,
 *    before or after, has it.
 * 2. A fatal signal is only noted in the trace and reported, then takes its default course:
 *    same status, same core.
 * 3. A system call that our signal interrupted is started again, also those that no
 *    SA_RESTART covers, so that the program sees no EINTR of ours.
 * 4. Handlers use raw system calls only.
 */

/* Installs the handlers. Called once, from the constructor. */
void signals_start(void);
#endif

/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_DOCTOR_H
#define LEAKSHIM_DOCTOR_H
/*
 * What will and will not work here, and why: the machine, and a program or a running process. Asks and changes nothing.
 */
#include <sys/types.h>

/* program: to be started, or 0; pid: a running process, or 0. Prints to stdout. Returns 0, or -1 if something will not work. */
int doctor(const char *program, pid_t pid);
#endif

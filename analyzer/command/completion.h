/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_COMPLETION_H
#define LEAKSHIM_COMPLETION_H
/* What a shell needs to complete our command line, made from the table of options. */

/* shell: bash, zsh or fish. Prints to stdout. Returns 0, or -1 if there is no such shell, after saying so. */
int completion_print(const char *shell);
#endif

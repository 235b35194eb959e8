/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_CLOSING_H
#define LEAKSHIM_CLOSING_H
/* Looks up the functions behind ours that close descriptors. Once, from the constructor; until then it is the system calls. */
void closing_start(void);
#endif

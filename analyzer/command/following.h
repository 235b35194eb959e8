/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_FOLLOWING_H
#define LEAKSHIM_FOLLOWING_H
/*
 * Writes what following a program told of its blocks into its trace, once it has ended.
 */
struct lives;

/* Nothing happens where nothing was followed (lives: 0), or the trace cannot be read. */
void following_note(const char *path, struct lives *lives);
#endif

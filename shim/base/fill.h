/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_FILL_H
#define LEAKSHIM_FILL_H
/*
 * fill=yes: every block is cleared as it is handed out, to the end of what the allocator gave. What the program never wrote
 * to then holds no pointer of the block that lay there before.
 *
 * The functions in `real` are exchanged once, so that nothing is asked on the way of the others.
 */

/* Needs real_ready(). */
void fill_start(void);
#endif

/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_FOCUS_H
#define LEAKSHIM_FOCUS_H
/*
 * Sites in focus: who holds their blocks, and when nobody does any more.
 *
 * 1. Of each site a few blocks are followed, the newest ones; found lost, one is kept as evidence until its release shows
 *    that it was not.
 * 2. At each allocation and release of the thread that made it, what held a block last is looked at; only if that holds it no
 *    more, all memory is searched (holders.h), and only as long as that takes a small share of the time.
 * 3. Whatever is released is searched for pointers to blocks in focus: what held them last may go just there.
 *
 * Without a site in focus nothing of this is called: threads take the usual way.
 *
 * Context: the caller has entered the thread's state.
 */

/* Registers with the floor below. Once. */
void focus_start(void);
#endif

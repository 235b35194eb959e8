/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_NOTE_H
#define LEAKSHIM_NOTE_H
/*
 * One line on stderr: the only writer of messages in the shim.
 *
 * 1. Nothing is written unless descriptor 2 is still the file it was when the program
 *    began: a daemon may have made it its database.
 * 2. One write call, no buffer of libc's, errno untouched. Async-signal-safe.
 */

/* Remembers what stderr is. */
void note_start(void);

/* 1 while descriptor 2 is the stderr the program began with. */
int note_possible(void);

/* "leakshim: " + the parts + newline. Parts may be 0. */
void note_say(const char *a, const char *b, const char *c);

/* The same at the start: without a look at what descriptor 2 is, for which a filter may kill, and without a function of libc,
 * which a sanitizer that has not begun may stand in for. */
void note_unguarded(const char *a, const char *b, const char *c);

/* Puts a text (0: none) at `to` and ends it, as far as there is room before `end`. Returns where the next one goes. */
char *note_put(char *to, const char *end, const char *text);

/* Decimal text of a number; `to` holds 24 bytes. Returns the start of the text. */
char *note_number(char *to, long number);
#endif

/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_WORDS_H
#define LEAKSHIM_WORDS_H
/*
 * How numbers, times, names and endings read. Shared by the formats; decides nothing.
 */
#include <stdio.h>
#include "model.h"

#define WORDS_SIZE 64

/* "1,234"; "~1,234" for an estimate. */
const char *words_number(char out[WORDS_SIZE], double number, bool is_estimate);

/* "640 bytes", "~1 byte" */
const char *words_bytes(char out[WORDS_SIZE], double bytes, bool is_estimate);
/* Of a sum in which resources may be, whose size is not always known. */
const char *words_sum(char out[WORDS_SIZE], double bytes, bool is_estimate, bool has_resources);

/* "35 min", "2.1 s", "80 ms", "under 4 ms" */
const char *words_time(char out[WORDS_SIZE], uint64_t us);

/* Prints text of a stranger: what a terminal would obey is shown as \xNN. */
void words_escape(FILE *to, const char *text);

/* As escaped, but in a JSON string's terms: valid UTF-8, broken bytes replaced. */
const char *words_utf8(struct pool *p, const char *text);

const char *words_class(enum leak_class class);        /* "definite": as in --show */
/* What was not read, in a few words, and why. */
const char *words_unread(struct pool *p, const struct unread *unread);
const char *words_unread_key(enum unread_kind kind);

const char *words_class_reason(const struct model *m, enum leak_class class,
			       bool is_one); /* "nothing points at them any more" */
const char *words_standing(enum standing standing);      /* "new", "grown", "known"; 0: not compared */
const char *words_wrong(enum wrong kind);               /* "released-again": for programs */
const char *words_cause(enum cause cause);              /* "error-path": for programs; 0: unknown */
const char *words_cause_reason(enum cause cause);       /* "one way through the code does not release it"; 0 */
const char *words_confidence(enum confidence confidence);
/* How a place was found matters to a person where it is a guess. */
bool words_tells(const struct explanation *e, unsigned because);
/* The function that did it. */
const char *words_misuser(const struct model *m, const struct misuse *misuse);

const char *words_family(enum family family);          /* "operator new[]" */
const char *words_ending(enum ending ending);          /* "exit": for programs */

/* Its pid, or how many processes a merged trace is of. */
const char *words_process(struct pool *p, const struct model *m);
/* "The program ended by exit(0)" */
const char *words_ended(struct pool *p, const struct model *m);

/* "12 blocks have no stack" for drops[which] = 12; 0 for reasons not known. */
const char *words_drop(struct pool *p, unsigned which, uint64_t count);
const char *words_drop_key(unsigned which); /* "no_space"; 0 */

/* What holds a block, as a person says it: "a local variable", of struct holder's `what`. */
const char *words_holder(const char *what);
#endif

/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_PROBE_WORDS_H
#define LEAKSHIM_PROBE_WORDS_H
/*
 * The words of a probe file: numbers, locations, conditions and settings, and what is said of those that are wrong. Laws and
 * context as in probe_file.h; for probe_file.c (its lines) only.
 */
#include "probe_file.h"

#define PROBE_MESSAGE_MAX 240u
#define PROBE_LENGTH(array) ((uint32_t)(sizeof(array) / sizeof((array)[0])))

struct probe_parser {
	const char *name;
	struct probe_set *set;
	probe_reporter *report;
	void *context;
	uint32_t line;
	int type_open; /* a "type" line was read, so that probe lines have an owner */
	int type_bad;  /* it was wrong: its lines are skipped without more messages */
	int full;
};

struct probe_message {
	char text[PROBE_MESSAGE_MAX];
	uint32_t used;
};

/* Adds to a message; what has no room is left out. Bytes that are no text become '?'. */
void probe_say(struct probe_message *m, const char *text);
void probe_say_bytes(struct probe_message *m, const char *at, uint32_t size);
void probe_say_word(struct probe_message *m, const struct probe_word *word); /* 'word' */
void probe_say_number(struct probe_message *m, uint64_t value);

/* Counts and reports a message. */
void probe_tell(struct probe_parser *p, uint32_t line, uint32_t column, enum probe_gravity gravity, const struct probe_message *m);

/* The common shape of an error: before 'word' after. Returns -1 for the caller to pass on. */
int probe_wrong(struct probe_parser *p, const char *before, const struct probe_word *word, const char *after);

/* Where a word stands in a list; -1 after complaining with `text` and naming the nearest one. */
int probe_one_of(struct probe_parser *p, const struct probe_word *word, const char *text, const char *const *list, uint32_t count);

int probe_word_is(const struct probe_word *word, const char *text);
struct probe_word probe_part(const struct probe_word *word, uint32_t from, uint32_t to);

/* All that follow return 0, or -1 after complaining; probe_number does not complain. */

/* Decimal or 0x number with an optional minus. */
int probe_number(const struct probe_word *word, int64_t *value);
int probe_location(struct probe_parser *p, const struct probe_word *word, struct probe_location *where);
int probe_condition(struct probe_parser *p, const struct probe_word *word, struct probe_condition *c);

/* Splits "key=value". Returns the key's index in the list, or -1. */
int probe_setting(struct probe_parser *p, const struct probe_word *word, const char *const *keys, uint32_t count,
		  struct probe_word *value);
#endif

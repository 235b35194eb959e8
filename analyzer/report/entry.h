/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_ENTRY_H
#define LEAKSHIM_ENTRY_H
/*
 * What the formats for build servers and viewers have in common: a report as a row of entries, each with a rule, a title, the
 * place to look at, and its stacks by name.
 *
 * Texts of an entry are valid UTF-8, but names of a stranger: each format escapes them as its syntax wants. They live until
 * the next entry.
 */
#include "report.h"

/* A kind of result, for formats that describe kinds apart from results. */
struct rule {
	const char *id;    /* "definite" */
	const char *name;  /* "DefiniteLeak" */
	const char *brief, *help; /* a sentence; what it means and what to do */
	const char *level; /* "error", "warning", "note" */
};

#define ENTRY_MISTAKE (CLASSES + WRONGS) /* kinds of mistakes without a rule of their own */
#define ENTRY_OVERDUE (CLASSES + WRONGS + 1)
#define ENTRY_GROWTH (CLASSES + WRONGS + 2)
#define ENTRY_RULES (CLASSES + WRONGS + 3)
/* Classes first, then CLASSES + enum wrong, then those above; CLASSES itself: mismatch. id 0: no such kind. */
extern const struct rule entry_rules[ENTRY_RULES];

/* A place in the source, or as near as it is known. */
struct spot {
	const char *file;       /* relative to the source root if it lies below it; 0: not known */
	bool is_relative;
	unsigned line, last_line; /* 0: not known */
	const char *function;   /* 0: not known */
	const char *module;     /* whole path, 0: code without a file */
	uint64_t offset;
	bool is_inlined;
	bool is_library; /* own.h */
};

struct trail {
	const char *title; /* "Created at", "#1: retain by g_bytes_ref(), count 2 after it" */
	const struct spot *spots; /* innermost first */
	unsigned count;
};

struct entry {
	unsigned rule;          /* index in entry_rules */
	bool is_failure;        /* a leak or a mistake; else it is known, or shown on request only */
	enum standing standing;
	const char *title;      /* one line, without the fingerprint */
	const char *message;    /* some sentences */
	const char *advice;     /* 0: none */
	const char *fingerprint;
	double count, bytes, dragged_count, dragged_bytes;
	struct spot primary;    /* the missing release where it is known, else the first frame of the program's own code */
	bool is_missing_release;
	const struct trail *trails;
	unsigned trail_count;
	const struct leak *leak;       /* one of these, or none for ENTRY_GROWTH */
	const struct finding *finding;
	const struct overdue *overdue;
};

/* What it is for who reads results: "error", "warning" or "note". */
const char *entry_level(const struct entry *e);

/* How many entries there are without those that the baseline knows, and how many of these are failures. */
uint32_t entry_count(const struct diagnosis *d);
uint32_t entry_failures(const struct diagnosis *d);

/* Calls `each` for all leaks with details, then all findings, what is overdue and a growth that is too fast, then with_known
 * those that the baseline knows. source_root: 0, or a folder without a slash at its end. */
void entry_each(const struct report *r, const char *source_root, bool with_known,
		void (*each)(void *data, const struct entry *e), void *data);

/* "parse_frame (frame.c:88)", "parse_frame in libx.so+0x12", "libx.so+0x12" */
const char *entry_spot_text(struct pool *p, const struct spot *spot);
#endif

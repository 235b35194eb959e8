/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_WORK_H
#define LEAKSHIM_WORK_H
/*
 * What the parts of the diagnosis work on together: diagnose.c (blocks), resources.c, balance.c, and nobody else.
 */
#include <uthash.h>
#include "stacks.h"

#define KIND_UNCERTAIN CLASSES /* indirect, on a possible one */

/* Blocks of one site, family and class. */
struct tally {
	uint32_t site;
	uint8_t family, class; /* class: or KIND_UNCERTAIN */
	bool is_estimate;
	uint32_t next; /* tally of the same site, 0: none */
	struct group *group; /* 0: what a resource stands for */
	double count, bytes, confirmed, doubtful;
	uint64_t oldest_us, newest_us;
	uint64_t example; /* address of the first one */
};

#define GROUP_PLACES 4

struct group {
	uint64_t key;
	uint64_t places[GROUP_PLACES]; /* in the code, innermost first: saves walking to compare */
	struct leak leak;
	struct group *into; /* the one it was joined to; 0: none */
	double largest;     /* bytes of the member that lends its stack */
	uint32_t shown;     /* 1 + place among the leaks with details; 0: none */
	double on_bytes;    /* of those that hang on leak.on */
	uint32_t last_site;
	uint8_t *threads; /* a bit for each that made a member; 0: not looked for */
	uint32_t thread_count;
	struct aging *aging; /* overdue.c; 0: it is not asked whether it is overdue */
	uint64_t *processes; /* the same for the processes of a merged trace */
	UT_hash_handle hh;
};

struct work {
	struct model *m;
	struct symbols *s;
	uint32_t *first; /* by site: its first tally */
	struct tally *tallies;
	uint32_t tally_count, tally_room;
	uint32_t *claimant; /* by block: 1 + index of the resource that stands for it; 0: there are no resources */
	struct group **groups;
	uint32_t group_count, group_room;
	struct group *by_key;
	struct group **of_resource; /* by resource */
	uint32_t *by_address;       /* indices of the blocks in order of their addresses; 0: not sorted yet */
	bool is_quiet; /* of Java: nothing can be on its way */
	struct path path, other;    /* scratch */
};

/* The group of a key, made with `first` if there is none yet. */
struct group *work_group(struct work *w, uint64_t key, const struct leak *first);
struct group *work_final(struct group *g); /* what it was joined to in the end */

/* The group of a block, that of the resource if one stands for it. */
struct group *work_group_of(const struct work *w, uint32_t block);

/* The block around an address: 1 + its index, 0 if there is none. */
uint32_t work_block_around(struct work *w, uint64_t address);

/* The class of a block; KIND_UNCERTAIN for one that hangs on a possible one. */
unsigned work_kind(const struct model *m, const struct block *b);

/* Definite, possible and indirect ones are one group. */
enum leak_class work_joint(unsigned kind);
/* A thread that nobody has joined, and of which nobody knows whether it has ended? */
bool work_may_run(const struct leak *leak);

bool work_is_lost(const struct leak *leak);

/* Adds to a group, and to its parts if the kind is a lost one. */
void work_count(struct leak *leak, unsigned kind, double count, double bytes);

/* Those of `more` belong to `leak` too. */
void work_join(struct leak *leak, const struct leak *more);

/* The tally of a block, 0 if there is none yet. */
uint32_t work_tally(const struct work *w, const struct block *b);

/* Is it what a language's runtime made for itself? What it still points at is shown as that. */
bool work_is_languages(const struct path *path, enum leak_class class);
#endif

/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_MERGE_PRIVATE_H
#define LEAKSHIM_MERGE_PRIVATE_H
/* Shared by merge.c, merge_stacks.c, merge_crowds.c and merge_resources.c, nobody else. */
#include "merge.h"
#include "write.h"

/* The number of what equals this key in every byte: an index in an area. */
struct numbered {
	uint32_t number, size;
	unsigned char key[];
};

/* Open addressing with the hashes beside each other: a merge is little else than looking up, and chains cost a miss of the
 * caches a step. */
struct numbering {
	struct slot {
		uint32_t hash;
		struct numbered *one; /* 0: free */
	} *slots;
	size_t room, count; /* room: a power of two */
};

/* A bit for each process that has some of a crowd. */
struct memberships {
	uint64_t *words; /* the first has process from * 64 */
	uint32_t from, count;
};

/* Until the trace is written all times in it are ages: model_age. */
struct merge {
	struct trace_write to;
	struct pool pool;
	struct numbering texts, modules, threads, nodes, sites, releases, mismatches, crowds, types, probes, hints,
		findings, problems, unread, python;
	uint64_t next_address; /* of modules */
	uint64_t next_block;   /* address of the next block that needs one of its own */
	uint64_t longest_us;   /* of all processes */
	char *suppressions;
	uint32_t process;      /* that is being added */
	/* of that process: by index of its model, 1 + that of the merged trace; 0: not looked for yet */
	struct pool scratch;
	uint32_t *module_of, *thread_of, *node_of, *site_of, *block_of, *type_of, *probe_of;
	struct memberships *memberships; /* by CROWD, see merge_crowds.c */
	uint32_t membership_room;
	uint32_t *like_of; /* by site: 1 + index in likes */
	struct like *likes; /* see merge_crowds.c */
	uint32_t like_count, like_room;
};

/* Where the number of a key is kept; 0 in it: the key is new. */
uint32_t *merge_number(struct merge *g, struct numbering *n, const void *key, size_t size);
uint32_t merge_text(struct merge *g, const char *text);

uint32_t merge_thread(struct merge *g, const struct model *m, uint32_t thread);
uint32_t merge_node(struct merge *g, const struct model *m, uint32_t node);
uint32_t merge_site(struct merge *g, const struct model *m, uint32_t site);
void merge_sites(struct merge *g, const struct model *m);

void merge_crowds(struct merge *g, const struct model *m);
void merge_members_write(struct merge *g);

/* Of a block that is in a crowd of its own, and what lies in it. */
uint64_t merge_address(struct merge *g, const struct model *m, uint32_t block, uint64_t address);

void merge_resources(struct merge *g, const struct model *m, const uint32_t *contents);

/* By resource, 1 + index of the block that it lies in; 0: in none. */
uint32_t *merge_contents(struct merge *g, const struct model *m);
#endif

/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_REACH_CUT_H
#define LEAKSHIM_REACH_CUT_H
/*
 * One moment of the program, as the scan is told of it: all that a scan knows is in struct reach_cut.
 */
#include <stdint.h>
#include "trace.h"

#define REACH_REGISTERS 24u
#define REACH_REGIONS 1024u
#define REACH_RINGS 16u
#define REACH_PASSES 3 /* of a scan that shares the program's memory: what one of them reaches is not lost */

struct area_range;

/* A thread of the program at the cut. */
struct reach_thread {
	uint32_t tid;
	uint32_t words;  /* used in `word` */
	uintptr_t sp;    /* 0: it was running, nobody knows */
	uintptr_t word[REACH_REGISTERS]; /* registers, system call arguments */
};

struct reach_region {
	uintptr_t start, size;
};

/* A word that the kernel holds, and the descriptor it was found by. */
struct reach_queued {
	uint64_t word;
	uint64_t descriptor;
};

/* Descriptors of the program, in a process that copied its memory while it ran (image.h). */
struct reach_image {
	long memory, maps, pages;
};

struct reach_cut {
	struct trace_header *header;
	uint64_t reserved;    /* bytes of the trace's mapping */
	struct trace_scan *scan;
	uint64_t blocks;      /* elements of BLOCK at the cut */
	uint32_t roots;       /* bit per enum trace_root: wanted */
	int heuristics;       /* some inner pointers stand for their block */
	uint32_t pid;         /* of the program */
	int is_end;
	int is_waited;        /* somebody waits for the scan: it is no time to be modest (reach_modest) */
	int is_shared;        /* the scan shares the program's memory, or copied it bit by bit: nothing stands still */
	const struct reach_image *image; /* of the latter, 0: none */
	uintptr_t image_stack; /* top of a stack for it, 0: none is to be taken */
	uint32_t shown;       /* the program's number in the mounted /proc, 0: that of our parent */
	const struct area_range *privates; /* of the shim */
	uint32_t private_count;
	uint64_t age;         /* least age, microseconds, of what a scan of the living confirms */
	int main_over;        /* main has returned: its stack is no root */
	uintptr_t arguments;  /* above it: what main gets, argv and environ, for as long as the process lives */
	int whole_heap;
	int is_whole;         /* no block is alive that is not followed */
	uintptr_t glibc;      /* an address in the code of glibc's malloc, 0: the allocator is another one */
	int tagged;           /* the upper 16 bits of a word do not count */
	uintptr_t main_tcb;   /* thread descriptor of the first thread */
	int leader_gone;      /* that thread has ended, the process goes on */
	uintptr_t tls_span;   /* bytes of static TLS below a descriptor */
	uint32_t tid_offset;  /* of the tid in a thread descriptor, 0: not known */
	int is_musl;          /* the descriptor is musl's */
	uintptr_t early, early_size; /* memory handed out before malloc was known */
	const struct reach_region *regions;
	uint32_t region_count;
	const struct reach_region *own_heap; /* parts of the brk heap that the program took itself */
	uint32_t own_heap_count;
	const struct reach_thread *threads;
	uint32_t thread_count;
	uint32_t descriptors; /* most that the program's table has held */
	struct reach_queued *queued; /* read where the program's descriptors could be used (kernel.h) */
	uint32_t queued_most, queued_count;
	int is_queued_all;
	int are_sets_queued;  /* what epoll sets hold too */
	uint32_t queued_kept; /* 1 + how many of them were read in the program: the others are read anew for each pass */
	int sets;             /* descriptors that were looked at by the scanning process, -1: they could not be */
	uint32_t ring[REACH_RINGS], ring_count; /* descriptors of rings of requests among them, which lie in the folder ring_base */
	char ring_base[64];
	struct reach_region own[3]; /* memory of the scan itself: no root */
};

/* Where the calling thread stands: what is live on its stack, and its registers. */
struct snapshot_here {
	uintptr_t sp;      /* lowest live word; 0: not known, everything from here */
	uint32_t words;
	uintptr_t word[REACH_REGISTERS];
	int main_over;     /* main has returned */
};
#endif

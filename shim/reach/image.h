/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_REACH_IMAGE_H
#define LEAKSHIM_REACH_IMAGE_H
/*
 * A scanning process with memory of its own where a clone that copies would hold the program for too long: the copy is taken while
 * the program runs.
 *
 * The process that shares the program's memory makes a child that executes this very library, which begins at image_begin
 * (image_begin.c) in an empty address space. There it makes every private mapping of the program anew, at the same address, reads
 * into it through /proc/PID/mem what pages hold, maps the trace, and goes on with the library's code as it lies in that image.
 *
 * 1. Nothing is held, and no page of the program is written to: what a scan needs is in the child.
 * 2. Descriptors of /proc that were opened before the execution are good for all: no permission is asked for after it.
 * 3. What comes out is not of one moment: as with a scan that shares memory, several looks are needed.
 * 4. Where it does not work (the file may not be executed, an address is taken, no list of pages) nothing has happened.
 *
 * The child has an exit signal after its execution, and so is a child of the scanning process, not of the program.
 * Raw system calls only. Async-signal-safe.
 */
#include "cut.h"

enum {
	IMAGE_IMPOSSIBLE = 64, /* exit status of the child: no copy could be taken */
	IMAGE_TAKEN = 65       /* an address that the image needs is taken: another attempt may succeed */
};

/* What the child is told. Read by the code of the executed file, before there is an image. */
struct image_plan {
	struct reach_image open;
	long trace;              /* descriptor of the trace */
	uintptr_t header;        /* where the trace is mapped, */
	uint64_t reserved;       /* how much of it, */
	uintptr_t proof;         /* and a word in it that the child writes to for a moment */
	const struct area_range *privates; /* tables of the shim: the scan does not need them */
	uint32_t private_count;
	uintptr_t code[2];       /* addresses in the files whose code runs in the image */
	uintptr_t begin;         /* image_begin in the program: the same code must lie there */
	uintptr_t thread;        /* of the thread register */
	uintptr_t stack;         /* top of a stack in the image */
	void (*go)(void *data, const struct reach_image *open);
	void *data;
};

/* Runs `go` in such a child, on a stack that ends at `stack`, with the descriptors it has; go ends with an exit status of the child below IMAGE_IMPOSSIBLE,
 * which is returned, or a negative number: no such child could be made (-1), or it was killed (-2). */
int image_run(const struct reach_cut *cut, uintptr_t stack, void (*go)(void *, const struct reach_image *), void *data);

/* The first instruction of the child. */
void image_begin(void) __attribute__((visibility("hidden")));
#endif

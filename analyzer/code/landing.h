/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_LANDING_H
#define LEAKSHIM_LANDING_H
/*
 * Where exceptions land: the tables that C++ compilers write for the unwinder (.gcc_except_table, found by way of
 * .eh_frame), as far as they say which code runs when a call throws.
 *
 * Addresses are virtual addresses of the file. Everything in it is a stranger's: what does not fit is as if it was not there.
 */
#include <stdbool.h>
#include <stdint.h>
#include <libelf.h>

struct landing; /* the tables of a file */

/* Never 0; an ELF file that has none gives no answers. */
struct landing *landing_open(Elf *elf);
void landing_close(struct landing *l);

enum landing_answer {
	LANDING_UNKNOWN, /* the function has no table: an exception goes on to its caller */
	LANDING_NONE,    /* the call is not in the table: the program ends */
	LANDING_PASSES,  /* nothing runs here, the exception goes on to the caller */
	LANDING_PAD      /* *pad runs */
};

/* What happens when the call whose last byte lies at an address throws. */
enum landing_answer landing_find(struct landing *l, uint64_t address, uint64_t *pad);
#endif

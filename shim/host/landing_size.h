/* SPDX-License-Identifier: MIT */
/* The stacks of landing.h, for the assembly. */
#define LANDING_STACKS 64 /* one for each bit of landing_taken */
#define LANDING_SHIFT 14  /* of the size of each: a report is begun on it; a look takes a larger one (reach/own_stack.h) */

/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_TEXT_STACK_H
#define LEAKSHIM_TEXT_STACK_H
/*
 * A stack as text: a frame a line, after a tab. What a library does among itself below the program's own code is one line,
 * named by the function that the program called, what a library does before it calls that (to begin a thread, say) another one
 * named by where that begins, and names are short (short.h); what lies outside of Rust's main is left out. With --full every
 * frame is there with its whole name.
 */
#include <stdbool.h>
#include <stdio.h>
#include "model.h"

/* For all that is printed from now on. */
void text_stack_full(bool is_full);
bool text_stack_is_full(void);

void text_stack_name(FILE *to, const char *name); /* "?" for none */
void text_stack_function(FILE *to, const char *function);

/* A frame of a place in a line of text. */
void text_stack_at(FILE *to, const struct place *place, const struct frame *frame);

/* A place in Python code: load (app.py:12) */
void text_stack_python_frame(FILE *to, const struct python_frame *frame);

/* Who made what has this stack, which is not empty: the program's own code (own.h). */
void text_stack_maker(FILE *to, const struct stack *stack);

void text_stack(FILE *to, const struct stack *stack);
#endif

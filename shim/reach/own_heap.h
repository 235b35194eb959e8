/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_OWN_HEAP_H
#define LEAKSHIM_OWN_HEAP_H
/*
 * What the program itself takes of the brk heap, beside malloc: its sbrk, brk and syscall(SYS_brk) are wrapped, malloc's own do
 * not come this way. A part in which followed blocks lie belongs to an allocator (roots.c).
 */
#include "cut.h"

#define OWN_HEAP_PARTS 256u

extern struct reach_region own_heap_parts[OWN_HEAP_PARTS] __attribute__((visibility("hidden")));
extern uint32_t own_heap_count __attribute__((visibility("hidden")));

/* syscall(SYS_brk, end): the break that the kernel has then. call: libc's syscall. */
long own_heap_break(long (*call)(long, ...), uintptr_t end);
#endif

/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_LOCKS_H
#define LEAKSHIM_LOCKS_H
/*
 * mlockall, for all mappings of the program but for ours: what we have reserved must not become real, nor count towards what the
 * program may lock. Ours are known by what was asked of the kernel for them, for a fork child has those of its parent.
 */
#endif

/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_CXX_NAMES_H
#define LEAKSHIM_CXX_NAMES_H
/*
 * Is a linker name that of a C++ function as a person writes it?
 *
 *   Packet::release          every overload
 *   Packet::release(int)     this one; () is without parameters
 *   Pool::take               of every instance of the template
 *   Pool<int>::take          of this one
 *
 * Names of namespaces are written out, but for those without a name. Reads what the Itanium ABI says of names, of types as far
 * as parameters and template arguments need it, and takes what it does not know for no match.
 *
 * Our own, because libiberty's allocates and prints by stdio, and libstdc++'s is not in every process.
 *
 * Context: any; pure, 4 KiB of stack.
 */
#include <stdint.h>

/* `written` of that size is what stands in a probe file. `linker_name` may end with a compiler's suffix. */
int cxx_names_match(const char *linker_name, const char *written, uint32_t size);
#endif

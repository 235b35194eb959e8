/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_SHORT_H
#define LEAKSHIM_SHORT_H
/*
 * Names of C++ and Rust as a person wrote them: without what the language fills in.
 *
 *   std::map<std::__cxx11::basic_string<char, std::char_traits<char>, std::allocator<char> >, int, std::less<...>, ...>
 *     -> std::map<std::string, int>
 *   <alloc::vec::Vec<T> as core::clone::Clone>::clone -> alloc::vec::Vec<T>::clone
 *
 * For people only: fingerprints, suppressions and JSON have the whole name.
 */
#include <stddef.h>

/* Writes at most `size` bytes with the 0, and returns `to`. */
const char *short_name(char *to, size_t size, const char *name);
#endif

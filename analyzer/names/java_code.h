/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_JAVA_CODE_H
#define LEAKSHIM_JAVA_CODE_H
/*
 * Whose code a Java method is, by the package of its class: the JDK's, a library's that lies between the program and
 * the network, or the program's own.
 */
#include <stdbool.h>

/* `name`: a class, or a method of it, with its package. */
bool java_code_is_jdk(const char *name);

/* Of the JDK or of a library, or made by a compiler of protocols. */
bool java_code_is_library(const char *name);
#endif

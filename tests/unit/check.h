/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_CHECK_H
#define LEAKSHIM_CHECK_H
/* What unit tests say when something does not hold, before they end with 1. */
#include <stdio.h>
#include <stdlib.h>

#define CHECK(what)                                                                                \
	do {                                                                                       \
		if (!(what)) {                                                                     \
			printf("%s:%d: %s does not hold\n", __FILE__, __LINE__, #what);            \
			exit(1);                                                                   \
		}                                                                                  \
	} while (0)
#endif

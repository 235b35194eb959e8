/* SPDX-License-Identifier: MIT */
/* Built where there are no headers of a JDK: a virtual machine is a program like others. */
#include "jvm.h"

struct jvm_upper jvm_upper;

void jvm_start(const char *files)
{
	(void)files;
}

void *jvm_answer(const char *name, void *found)
{
	(void)name, (void)found;
	return 0;
}

int jvm_is_there(void)
{
	return 0;
}

int jvm_request(int report)
{
	(void)report;
	return 0;
}

void jvm_at_end(void)
{
}

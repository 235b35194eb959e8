/* SPDX-License-Identifier: MIT */
/* answer: start-up-on-purpose; in -; at the lines between the marks */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *program_name;

static void setup(const char *name)
{
	program_name = malloc(strlen(name) + 10);
	sprintf(program_name, "[%s]", name);
}

int main(void)
{
	setup("banner");
	for (int i = 0; i < 3; i++)
		puts(program_name);
#ifndef FAULT
	free(program_name);
	program_name = NULL;
#endif
	return 0;
}

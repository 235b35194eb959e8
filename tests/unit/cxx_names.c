/* SPDX-License-Identifier: MIT */
/* Lines "LINKER-NAME<tab>WRITTEN" on stdin: prints those that do not match. */
#include <stdio.h>
#include <string.h>

#include "cxx_names.h"

int main(void)
{
	static char line[65536];

	while (fgets(line, sizeof line, stdin)) {
		char *tab = strchr(line, '\t');

		line[strcspn(line, "\n")] = 0;
		if (tab) {
			*tab = 0;
			if (!cxx_names_match(line, tab + 1, (uint32_t)strlen(tab + 1)))
				printf("%s\t%s\n", line, tab + 1);
		}
	}
	return 0;
}

/* SPDX-License-Identifier: MIT */
/* Loses 3 blocks and becomes somebody else, as daemons do that root has started. */
#include <grp.h>
#include <unistd.h>
#include "victim.h"

int main(void)
{
	for (int i = 0; i < 3; i++) {
		char *volatile p = malloc(100);

		p = 0;
		(void)p;
	}
	return setgroups(0, 0) || setgid(65534) || setuid(65534) ? 9 : 4;
}

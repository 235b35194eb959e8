/* SPDX-License-Identifier: MIT */
/* Takes every limit down (no file, no file size, no process more), then leaks 10,000
 * blocks. It must end as without the tracer, and the report counts them or says what it missed. */
#include <sys/resource.h>
#include "victim.h"

static void limit(int which, rlim_t value)
{
	struct rlimit now = {value, value};

	setrlimit(which, &now);
}

static void leak(void)
{
	for (int i = 0; i < 10000; i++)
		keep(malloc(50));
}

int main(void)
{
	limit(RLIMIT_NOFILE, 0);
	limit(RLIMIT_FSIZE, 0);
	limit(RLIMIT_NPROC, 0);
	leak();
	return 0;
}

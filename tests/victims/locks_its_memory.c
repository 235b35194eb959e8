/* SPDX-License-Identifier: MIT */
/* Locks all of its memory, now and in future, as time servers and caches do, then allocates. What the
 * tracer has reserved must not become real. Prints how it went. */
#include <sys/mman.h>
#include "victim.h"

int main(void)
{
	int locked = mlockall(MCL_CURRENT | MCL_FUTURE);
	void *p = malloc(1 << 20);

	printf("mlockall %d, malloc %s\n", locked, p ? "works" : "fails");
	keep(p);
	return 0;
}

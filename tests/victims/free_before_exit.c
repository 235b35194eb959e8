/* SPDX-License-Identifier: MIT */
/* Lets everything go that it made, in every way there is. A good report has nothing of it. */
#include <malloc.h>
#include "victim.h"

int main(void)
{
	void *aligned = 0;
	char *line = 0;

	free(malloc(10));
	free(calloc(3, 10));
	free(realloc(malloc(10), 100000));
	free(reallocarray(0, 3, 10));
	free(posix_memalign(&aligned, 64, 10) ? 0 : aligned);
	free(aligned_alloc(64, 64));
	free(memalign(64, 10));
	free(valloc(10));
	free(pvalloc(10));
	free(strdup("text"));
	free(0);
	free(realloc(malloc(10), 0)); /* some allocators return a block here, libc does not */
	if (asprintf(&line, "%d", 42) > 0)
		free(line);
	return 0;
}

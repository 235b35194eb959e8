/* SPDX-License-Identifier: MIT */
/* `keeps_many [stay] N LEAST MOST`: N live blocks of LEAST to MOST bytes, and what they make of the process's memory. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	long n = atol(argv[argc - 3]), least = atol(argv[argc - 2]), most = atol(argv[argc - 1]);
	void **kept = malloc((size_t)n * sizeof(*kept));
	unsigned seed = 1;
	long pages = 0;

	for (long i = 0; i < n; i++) {
		seed = seed * 1664525u + 1013904223u;
		kept[i] = malloc((size_t)(least + (long)(seed >> 8) % (most - least + 1)));
	}
	FILE *f = fopen("/proc/self/statm", "r");
	if (fscanf(f, "%*d %ld", &pages) != 1)
		return 1;
	printf("%ld\n", pages * sysconf(_SC_PAGESIZE));
	fflush(stdout);
	if (argc > 4)
		pause();
	_exit(0);
}

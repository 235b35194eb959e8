/* SPDX-License-Identifier: MIT */
/* Locks all of its memory, now and in future, as time servers and caches do, then allocates. What the
 * tracer has reserved must not become real. Prints how it went. argv[1]: "child": as a fork child; "later": only what comes;
 * "touched": only what is touched; "number": by syscall(); "look": asks for a look afterwards. */
#include <sys/mman.h>
#include <sys/syscall.h>
#include "victim.h"

static int is(int argc, char **argv, const char *way)
{
	return argc > 1 && !strcmp(argv[1], way);
}

static long kilobytes(const char *label)
{
	FILE *status = fopen("/proc/self/status", "r");
	char line[256];
	long number = -1;

	while (status && fgets(line, sizeof line, status))
		if (!strncmp(line, label, strlen(label)))
			number = atol(line + strlen(label));
	fclose(status);
	return number;
}

static int lock(int argc, char **argv)
{
	int flags = is(argc, argv, "later") ? MCL_FUTURE : MCL_CURRENT | MCL_FUTURE;

#ifdef MCL_ONFAULT
	flags |= is(argc, argv, "touched") ? MCL_ONFAULT : 0;
#endif
	errno = 0;
	int locked = is(argc, argv, "number") ? (int)syscall(SYS_mlockall, flags) : mlockall(flags), error = errno;
	void *p = malloc(1 << 20);

	if (is(argc, argv, "look")) {
		raise(SIGUSR1);
		usleep(400000);
	}
	printf("mlockall %d, errno %d, malloc %s, locked %s, resident %s\n", locked, error, p ? "works" : "fails",
	       kilobytes("VmLck:") > 1000 ? "much" : "nothing", kilobytes("VmRSS:") < 200000 ? "little" : "much");
	keep(p);
	return 0;
}

int main(int argc, char **argv)
{
	int status = 0;

	if (is(argc, argv, "look"))
		keep(malloc(10));
	if (!is(argc, argv, "child"))
		return lock(argc, argv);
	keep(malloc(10));
	if (!fork())
		exit(lock(argc, argv));
	wait(&status);
	return WEXITSTATUS(status);
}

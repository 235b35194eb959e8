/* SPDX-License-Identifier: MIT */
/* Loses 20 blocks, and before that or after it does what the arguments say, in their order: takes something away from itself, starts a
 * thread that holds 20 more, asks for a report. A limit is set as the kernel has it, past whatever libc's function does. */
#include <sched.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include "victim.h"

static int limit(int which, rlim_t most, rlim_t hard)
{
	struct rlimit now = {most, hard};

	return (int)syscall(SYS_prlimit64, 0, which, &now, 0);
}

static rlim_t has(const char *label)
{
	FILE *status = fopen("/proc/self/status", "r");
	char line[256];
	rlim_t found = 0;

	while (fgets(line, sizeof line, status))
		if (!strncmp(line, label, strlen(label)))
			found = (rlim_t)atol(line + strlen(label)) << 10;
	fclose(status);
	return found;
}

/* A MiB more than now. */
static int freeze(int which, const char *label)
{
	rlim_t most = has(label) + (1 << 20);

	return limit(which, most, most);
}

static void lose(void)
{
	for (int i = 0; i < 20; i++)
		keep(malloc(100));
	forget();
}

static void *hold(void *running)
{
	void *volatile mine[20];

	for (int i = 0; i < 20; i++)
		mine[i] = malloc(70);
	*(volatile int *)running = 1;
	for (;;)
		pause();
	return mine[3];
}

static int start(int is_detached)
{
	static volatile int running;
	pthread_t thread;
	int result = pthread_create(&thread, 0, hold, (void *)(uintptr_t)&running);

	while (!result && !running)
		usleep(1000);
	return result || (is_detached && pthread_detach(thread));
}

static int take_proc_away(void)
{
	return unshare(CLONE_NEWNS) || mount(0, "/", 0, MS_REC | MS_PRIVATE, 0) || umount2("/proc", MNT_DETACH);
}

static int tell(void)
{
	puts("ready");
	fflush(stdout);
	return getchar() != '\n';
}

static int deprive(const char *what)
{
	return !strcmp(what, "lose")	   ? lose(), 0
	       : !strcmp(what, "thread")   ? start(0)
	       : !strcmp(what, "detached") ? start(1)
	       : !strcmp(what, "tell")	   ? tell()
	       : !strcmp(what, "memory")   ? freeze(RLIMIT_AS, "VmSize:")
	       : !strcmp(what, "data")	   ? freeze(RLIMIT_DATA, "VmData:")
	       : !strcmp(what, "files")	   ? limit(RLIMIT_NOFILE, 3, 3)
	       : !strcmp(what, "files softly") ? limit(RLIMIT_NOFILE, 3, 1024)
	       : !strcmp(what, "no file")  ? limit(RLIMIT_NOFILE, 0, 0)
	       : !strcmp(what, "stack")	   ? limit(RLIMIT_STACK, 4096, 4096)
	       : !strcmp(what, "proc")	   ? take_proc_away()
	       : !strcmp(what, "root")	   ? chroot(getenv("EMPTY"))
	       : !strcmp(what, "kill")	   ? raise(SIGKILL)
					   : 1;
}

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		if (deprive(argv[i]))
			return 77;
	return 0;
}

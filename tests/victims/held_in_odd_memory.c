/* SPDX-License-Identifier: MIT */
/* A block held only in memory of an unusual kind (argv[1]), or "lost" (argv[2]). With "block" as argv[3] the memory is
 * itself a block of malloc's, which is held. argv[4] puts a file below that folder; with argv[5] it stays. 77: not to be had here. */
#include "holder.h"
#include <sys/ipc.h>
#include <sys/prctl.h>
#include <sys/shm.h>
#include <sys/syscall.h>

#ifndef MADV_WIPEONFORK
#define MADV_WIPEONFORK 18
#endif
#define GUARD_INSTALL 102
#define HUGE (2u << 20)

static void **at;
static size_t size = 1 << 16;

static void *map(int protection, int flags, int fd)
{
	void *got = mmap(0, size, protection, flags, fd, 0);

	if (got == MAP_FAILED)
		exit(77);
	return got;
}

static void *of_file(int fd, size_t length)
{
	if (fd < 0 || ftruncate(fd, (off_t)length))
		exit(77);
	void *got = map(PROT_READ | PROT_WRITE, MAP_SHARED, fd);
	close(fd);
	return got;
}

static int is(const char *way, const char *name)
{
	return !strcmp(way, name);
}

static void *plain(int is_block)
{
	static void *block;

	if (!is_block)
		return map(PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	if (posix_memalign(&block, 4096, size))
		exit(77);
	memset(block, 0, size);
	return block;
}

static void *get(const char *way, int is_block, const char *folder)
{
	char path[256];

	if (is(way, "write only")) return map(PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	if (is(way, "memfd")) return of_file((int)syscall(SYS_memfd_create, "held", 0), size);
	if (is(way, "secret")) return of_file((int)syscall(447, 0), size);
	if (is(way, "file below dev")) {
		snprintf(path, sizeof path, "%s/held-%d", folder, getpid());
		size = HUGE;
		at = of_file(open(path, O_RDWR | O_CREAT, 0600), size);
		unlink(path);
		return at;
	}
	if (is(way, "system v") || is(way, "first of system v")) {
		int next = open("/proc/sys/kernel/shm_next_id", O_WRONLY), id;

		if (is(way, "first of system v") && (next < 0 || write(next, "0", 1) != 1)) exit(77);
		id = shmget(IPC_PRIVATE, size, 0600 | IPC_CREAT);
		if (is(way, "first of system v") && id) shmctl(id, IPC_RMID, 0), exit(77);
		if (next >= 0) close(next);
		at = shmat(id, 0, 0);
		shmctl(id, IPC_RMID, 0); /* once it is let go */
		return at;
	}
	if (is(way, "shared huge") || is(way, "private huge")) {
		size = HUGE;
		return map(PROT_READ | PROT_WRITE,
			   (is(way, "shared huge") ? MAP_SHARED : MAP_PRIVATE) | MAP_ANONYMOUS | MAP_HUGETLB, -1);
	}
	if (is(way, "program break")) {
		free(malloc(10));
		at = sbrk(4096);
		free(malloc(100000));
		return at;
	}
	if (is(way, "program break by number")) { /* libc does not know of it */
		long end;

		free(malloc(10));
		end = syscall(SYS_brk, 0);
		if (syscall(SYS_brk, end + 4096) != end + 4096) exit(77);
		return (void **)end;
	}
	return plain(is_block);
}

static void change(const char *way)
{
	int bad = 0;

	if (is(way, "not copied")) bad = madvise(at, size, MADV_DONTFORK);
	if (is(way, "wiped")) bad = madvise(at, size, MADV_WIPEONFORK);
	if (is(way, "no access")) bad = mprotect(at, size, PROT_NONE);
	if (is(way, "not copied and no access")) bad = madvise(at, size, MADV_DONTFORK) || mprotect(at, size, PROT_NONE);
	if (is(way, "execute only")) bad = mprotect(at, size, PROT_EXEC);
	if (is(way, "under a key")) bad = pkey_mprotect(at, size, PROT_READ | PROT_WRITE, pkey_alloc(0, PKEY_DISABLE_ACCESS));
	if (is(way, "beside a guard")) bad = madvise((char *)at + 8192, 8192, GUARD_INSTALL);
	if (is(way, "beside a bad page")) bad = madvise((char *)at + 8192, 4096, MADV_HWPOISON);
	if (strstr(way, "undumpable")) bad = prctl(PR_SET_DUMPABLE, 0) || madvise(at, size, strstr(way, "wiped") ? MADV_WIPEONFORK : MADV_DONTFORK);
	if (bad)
		exit(77);
}

int main(int argc, char **argv)
{
	int is_block = argc > 3 && is(argv[3], "block");

	is_lost = argc > 2 && is(argv[2], "lost");
	keep(malloc(300000)); /* mapped by malloc: neighbours of the program's mappings */
	at = get(argv[1], is_block, argc > 4 ? argv[4] : "");
	if (!is_block && !at[100])
		at[300] = 0;
	hold(&at[100], 0);
	change(argv[1]);
	at = is_block ? at : 0;
	keep(malloc(300000));
	scrub();
	if (argc > 5) /* "stay" */
		puts("ready"), fflush(stdout), pause();
	return 0;
}

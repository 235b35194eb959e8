/* SPDX-License-Identifier: MIT */
/* Reserves GIB (argv[2]) of address space in the way argv[1] and uses little of it: a page in the middle holds a block of 150
 * bytes, 2 blocks of 250 are lost. WAYS: private, none (no access), shared, file (argv[3], sparse), copy (a private mapping of it),
 * block (one allocation), guard (a page amid that must not be read). */
#include "holder.h"
#include <fcntl.h>
#include <sys/mman.h>

#define GUARD_INSTALL 102

static void **reserve(const char *way, size_t size, const char *path)
{
	int fd = -1, is_file = !strcmp(way, "file") || !strcmp(way, "copy");

	if (!strcmp(way, "block")) return malloc(size);
	if (is_file) {
		fd = open(path, O_RDWR | O_CREAT, 0600);
		if (unlink(path) || ftruncate(fd, (off_t)size)) return 0;
	}
	int shared = !strcmp(way, "shared") || !strcmp(way, "file");
	void *at = mmap(0, size, PROT_READ | PROT_WRITE,
			(shared ? MAP_SHARED : MAP_PRIVATE) | (is_file ? 0 : MAP_ANONYMOUS) | MAP_NORESERVE, fd, 0);
	return at == MAP_FAILED ? 0 : at;
}

int main(int argc, char **argv)
{
	static void **held;
	size_t size = (size_t)atol(argv[2]) << 30;

	held = reserve(argv[1], size, argc > 3 ? argv[3] : 0);
	if (!held) return puts("no address space"), 2;
	if (!strcmp(argv[1], "none")) mmap(0, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (!strcmp(argv[1], "guard") && madvise((char *)held + 8192, 4096, GUARD_INSTALL)) return puts("no guards"), 2;
	held[size / 16] = malloc(150);
	for (int i = 0; i < 2; i++) {
		void *volatile lost = malloc(250);

		lost = 0;
		(void)lost;
	}
	scrub();
	return 0;
}

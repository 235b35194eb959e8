/* SPDX-License-Identifier: MIT */
/* Calls a library's functions through imports, through dlsym, and from another library that is loaded later
 * (argv[1], if given). */
#include <dlfcn.h>
#include <string.h>

struct buf;
struct buf *buf_new(void);
void buf_retain(struct buf *b), buf_release(struct buf *b);

int main(int argc, char **argv)
{
	struct buf *b = buf_new();
	void (*again)(struct buf *) = (void (*)(struct buf *))dlsym(RTLD_DEFAULT, "buf_retain");

	buf_retain(b), again(b), buf_release(b);
	if (argc == 1) return b = 0, 0; /* two references are left */
	if (!strcmp(argv[1], "clean")) { buf_release(b), buf_release(b); return 0; }
	void *library = dlopen(argv[1], RTLD_NOW);
	((void (*)(void))dlsym(library, "use"))(); /* one more, with one reference left */
	return b = 0, 0;
}

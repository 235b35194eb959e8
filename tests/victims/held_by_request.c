/* SPDX-License-Identifier: MIT */
/* A block that the program itself says is no leak ("ignored"), or that lies in memory it names as a root ("region"), with
 * the functions that LeakSanitizer's users call. argv: place, held or lost. */
#include "holder.h"

void __lsan_ignore_object(const void *object) __attribute__((weak));
void __lsan_register_root_region(const void *start, size_t size) __attribute__((weak));

int main(int argc, char **argv)
{
	is_lost = argc > 2 && !strcmp(argv[2], "lost");
	if (argc > 1 && !strcmp(argv[1], "ignored")) {
		uintptr_t hidden = make_hidden();

		if (!is_lost && __lsan_ignore_object)
			__lsan_ignore_object((void *)~hidden);
		hidden = 0;
		scrub();
	} else {
		void *page = mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		if (__lsan_register_root_region)
			__lsan_register_root_region(page, 4096);
		hold(page, 0);
	}
	return 0;
}

/* SPDX-License-Identifier: MIT */
/* A program written for LeakSanitizer, without being linked to it. argv[1] is what it does about its leak. */
#include "holder.h"

__attribute__((weak)) void __lsan_ignore_object(const void *p);
__attribute__((weak)) void __lsan_do_leak_check(void);
__attribute__((weak)) void __lsan_disable(void);
__attribute__((weak)) void __lsan_enable(void);
__attribute__((weak)) void __lsan_register_root_region(const void *p, size_t size);
__attribute__((weak)) void __lsan_unregister_root_region(const void *p, size_t size);
__attribute__((weak)) int __lsan_do_recoverable_leak_check(void);

const char *__lsan_default_suppressions(void);
int __lsan_is_turned_off(void);

const char *__lsan_default_suppressions(void)
{
	return getenv("OWN_SUPPRESSIONS") ? "leak:make_hidden\n" : "";
}

int __lsan_is_turned_off(void)
{
	return getenv("TURNED_OFF") != 0;
}

static __attribute__((noinline)) void leak(const char *way)
{
	if (!strcmp(way, "disable")) __lsan_disable();
	uintptr_t hidden = make_hidden();
	if (!strcmp(way, "disable")) __lsan_enable(), free(malloc(10));
	if (!strcmp(way, "ignore")) __lsan_ignore_object((void *)~hidden);
	if (!strcmp(way, "ignore inside")) __lsan_ignore_object((char *)~hidden + 1336);
	if (!strcmp(way, "ignore outside")) __lsan_ignore_object((char *)~hidden + 1337);
	if (!strncmp(way, "region", 6)) {
		uintptr_t *region = calloc(1, 4096);

		region[1] = ~hidden;
		__lsan_register_root_region(region, 4096);
		if (!strcmp(way, "region gone")) __lsan_unregister_root_region(region, 4096);
	}
}

int main(int argc, char **argv)
{
	if (!&__lsan_disable) return argc + 70;
	leak(argv[1]);
	scrub();
	if (!strcmp(argv[1], "last check")) { __lsan_do_leak_check(); leak("nothing"); }
	if (!strcmp(argv[1], "check")) printf("%d\n", !!__lsan_do_recoverable_leak_check());
	return 0;
}

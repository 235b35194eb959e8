/* SPDX-License-Identifier: MIT */
/* What known functions do to a block: see calls_known.h. */
#include <string.h>

#include "calls_known.h"

static const struct {
	const char *name;
	enum effect effect;
} known[] = {
	{ "free", EFFECT_FREE },
	{ "cfree", EFFECT_FREE },
	{ "fclose", EFFECT_FREE },
	{ "pclose", EFFECT_FREE },
	{ "closedir", EFFECT_FREE },
	{ "freeaddrinfo", EFFECT_FREE },
	{ "freeifaddrs", EFFECT_FREE },
	{ "g_free", EFFECT_FREE },
	{ "dlclose", EFFECT_FREE },
	{ "realloc", EFFECT_RESIZE },
	{ "reallocarray", EFFECT_RESIZE },
	{ "malloc", EFFECT_MAKE },
	{ "calloc", EFFECT_MAKE },
	{ "strdup", EFFECT_MAKE },
	{ "__strdup", EFFECT_MAKE },
	{ "strndup", EFFECT_MAKE },
	{ "aligned_alloc", EFFECT_MAKE },
	{ "memalign", EFFECT_MAKE },
	{ "fopen", EFFECT_MAKE },
	{ "fopen64", EFFECT_MAKE },
	{ "fdopen", EFFECT_MAKE },
	{ "opendir", EFFECT_MAKE },
	{ "realpath", EFFECT_MAKE },
	{ "memcpy", EFFECT_SAME },
	{ "memmove", EFFECT_SAME },
	{ "memset", EFFECT_SAME },
	{ "strcpy", EFFECT_SAME },
	{ "strncpy", EFFECT_SAME },
	{ "strcat", EFFECT_SAME },
	{ "strncat", EFFECT_SAME },
	{ "fgets", EFFECT_SAME },
	{ "__memcpy_chk", EFFECT_SAME },
	{ "__memset_chk", EFFECT_SAME },
	{ "__strcpy_chk", EFFECT_SAME },
	{ "__strcat_chk", EFFECT_SAME },
	{ "exit", EFFECT_STOP },
	{ "_exit", EFFECT_STOP },
	{ "_Exit", EFFECT_STOP },
	{ "quick_exit", EFFECT_STOP },
	{ "abort", EFFECT_STOP },
	{ "__assert_fail", EFFECT_STOP },
	{ "__stack_chk_fail", EFFECT_STOP },
	{ "err", EFFECT_STOP },
	{ "errx", EFFECT_STOP },
	{ "_ZSt9terminatev", EFFECT_STOP },
	{ "_ZNSt8__detail15_List_node_base7_M_hookEPS0_", EFFECT_LINK },
	{ "__cxa_throw", EFFECT_THROW },
	{ "__cxa_rethrow", EFFECT_THROW },
	{ "_Unwind_Resume", EFFECT_THROW },
	{ "longjmp", EFFECT_JUMP },
	{ "_longjmp", EFFECT_JUMP },
	{ "siglongjmp", EFFECT_JUMP },
	{ "__longjmp_chk", EFFECT_JUMP },
	{ "pthread_exit", EFFECT_THREAD_ENDS },
	{ "thrd_exit", EFFECT_THREAD_ENDS },
	{ "pthread_create", EFFECT_RUN },
	{ "pthread_setspecific", EFFECT_KEEP },
	{ "tss_set", EFFECT_KEEP },
};

enum effect calls_effect(const char *name)
{
	if (!name)
		return EFFECT_BORROW;
	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
		if (!strcmp(name, known[i].name))
			return known[i].effect;
	if (!strncmp(name, "_Zdl", 4) || !strncmp(name, "_Zda", 4))
		return EFFECT_FREE;
	if (!strncmp(name, "_Znw", 4) || !strncmp(name, "_Zna", 4))
		return EFFECT_MAKE;
	if (!strncmp(name, "_ZSt", 4) && strstr(name, "__throw_"))
		return EFFECT_THROW;
	return EFFECT_BORROW;
}

unsigned calls_delivery(const char *name)
{
	static const struct {
		const char *name;
		unsigned argument;
	} out[] = {
		{ "posix_memalign", 1 }, { "asprintf", 1 }, { "vasprintf", 1 }, { "__asprintf_chk", 1 },
		{ "__vasprintf_chk", 1 }, { "getline", 1 }, { "getdelim", 1 }, { "__getdelim", 1 },
		{ "open_memstream", 1 }, { "scandir", 2 }, { "getaddrinfo", 4 }, { "getifaddrs", 1 },
	};

	for (size_t i = 0; name && i < sizeof(out) / sizeof(*out); i++)
		if (!strcmp(name, out[i].name))
			return out[i].argument;
	return name && !strncmp(name, "_ZNSt7__cxx1112basic_string", 27) ? 1 : 0;
}

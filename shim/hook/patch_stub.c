/* SPDX-License-Identifier: MIT */
/* Architectures without thunks: no function is ever patched, and each says so. */
#include "patch.h"

#include "thunk.h"

const char *patch_examine(const uint8_t *code, uint64_t size, uint64_t room, struct patch_plan *plan)
{
	(void)code;
	(void)size;
	(void)room;
	*plan = (struct patch_plan){0};
	return "not on this architecture";
}

const char *patch_detour(const struct patch_target *target, struct patch *patch)
{
	(void)target;
	(void)patch;
	return "not on this architecture";
}

const char *patch_install(const struct patch_target *target, struct patch *patch)
{
	(void)target;
	(void)patch;
	return "not on this architecture";
}

void patch_forget(const struct patch *patch)
{
	(void)patch;
}

char thunk_through_back[1];

void thunk_spill(void (*work)(void *), void *argument)
{
	work(argument);
}

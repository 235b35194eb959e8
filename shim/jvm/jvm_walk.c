/* SPDX-License-Identifier: MIT */
#include "jvm_private.h"
#include "rules.h"

void walk_heap(JNIEnv *env, uint64_t budget_us)
{
	(void)env, (void)budget_us;
}

/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_REACH_MODEST_H
#define LEAKSHIM_REACH_MODEST_H
/*
 * A look that nobody waits for takes what processors have left. There is no way back: what the program may have to wait for comes
 * before (kernel.h).
 */
#include "cut.h"
#include "sys.h"

static inline void reach_modest(const struct reach_cut *cut)
{
	if (!cut->is_end && !cut->is_waited)
		sys_call3(SYS_setpriority, 0, 0, 19);
}
#endif

/* SPDX-License-Identifier: MIT */
/* Loses 3 blocks and ends as Go programs do: by an instruction of its own, with the status 5. */
#include <sys/syscall.h>
#include "victim.h"

int main(void)
{
	long status = 5, call = SYS_exit_group;

	for (int i = 0; i < 3; i++)
		keep(malloc(100));
	__asm__ volatile("syscall" : "+a"(call) : "D"(status) : "rcx", "r11", "memory");
	return 1;
}

/* SPDX-License-Identifier: MIT */
#include "poke.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>

#include "proc.h"
#include "sys.h"
#include "rules.h"

static int memory = -1;

int poke_begin(void)
{
	long fd = proc_open("mem", O_RDWR);

	memory = sys_failed(fd) ? -1 : (int)fd;
	return sys_failed(fd) ? (int)fd : 0;
}

void poke_end(void)
{
	if (memory >= 0)
		sys_call3(SYS_close, memory, 0, 0);
	memory = -1;
}

int poke_read(uintptr_t from, void *to, size_t size)
{
	if (memory < 0)
		return -1;
	return sys_call6(SYS_pread64, memory, (long)to, (long)size, (long)from, 0, 0) == (long)size
		       ? 0
		       : -1;
}

int poke_write(uintptr_t to, const void *from, size_t size)
{
	uintptr_t page = to & ~4095ul;
	size_t length = ((to + size + 4095) & ~4095ul) - page;

	if (memory >= 0 && sys_call6(SYS_pwrite64, memory, (long)from, (long)size, (long)to, 0, 0) ==
				   (long)size)
		return 0;
	if (sys_failed(sys_call3(SYS_mprotect, (long)page, (long)length,
				 PROT_READ | PROT_WRITE | PROT_EXEC)))
		return -1;
	memcpy((void *)to, from, size);
	sys_call3(SYS_mprotect, (long)page, (long)length, PROT_READ | PROT_EXEC);
	return 0;
}

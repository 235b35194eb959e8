/* SPDX-License-Identifier: MIT */
/* The process's state page, its clock and its slow lock. */
#include "state.h"

#include <elf.h>
#include <sys/auxv.h>
#include <time.h>

#include "sys.h"
#include "rules.h"

union state_page state_page __attribute__((aligned(4096)));

/* The vDSO's own clock_gettime: libc's may be somebody's interposed one, which allocates or lies. */
static void *vdso_symbol(const char *wanted)
{
	const unsigned char *base = (const unsigned char *)getauxval(AT_SYSINFO_EHDR);
	const Elf64_Ehdr *head = (const Elf64_Ehdr *)base;
	const Elf64_Sym *symbols = 0;
	const char *strings = 0;
	const uint32_t *hash = 0;
	uintptr_t bias = 0;

	if (!base)
		return 0;
	const Elf64_Phdr *ph = (const Elf64_Phdr *)(base + head->e_phoff);
	for (int i = 0; i < head->e_phnum; i++)
		if (ph[i].p_type == PT_LOAD && !bias)
			bias = (uintptr_t)base + ph[i].p_offset - ph[i].p_vaddr;
	for (int i = 0; i < head->e_phnum; i++) {
		if (ph[i].p_type != PT_DYNAMIC)
			continue;
		for (const Elf64_Dyn *d = (const Elf64_Dyn *)(base + ph[i].p_offset); d->d_tag; d++) {
			if (d->d_tag == DT_SYMTAB)
				symbols = (const Elf64_Sym *)(bias + d->d_un.d_ptr);
			else if (d->d_tag == DT_STRTAB)
				strings = (const char *)(bias + d->d_un.d_ptr);
			else if (d->d_tag == DT_HASH)
				hash = (const uint32_t *)(bias + d->d_un.d_ptr);
		}
	}
	if (!symbols || !strings || !hash)
		return 0;
	for (uint32_t i = 0; i < hash[1]; i++) {
		const char *name = strings + symbols[i].st_name;
		const char *w = wanted;

		while (*w && *w == *name)
			w++, name++;
		if (*w == *name && symbols[i].st_shndx != SHN_UNDEF)
			return (void *)(bias + symbols[i].st_value);
	}
	return 0;
}

static long clock_by_kernel(long clock, struct timespec *now)
{
	return sys_call3(SYS_clock_gettime, clock, (long)now, 0);
}

long (*state_vdso_clock)(long, struct timespec *) = clock_by_kernel;

uint64_t state_clock_ns(int clock)
{
	struct timespec now = {0, 0};

	state_vdso_clock(clock, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

void state_clock_find(void)
{
	void *found = vdso_symbol("__vdso_clock_gettime");

	if (found)
		state_vdso_clock = (long (*)(long, struct timespec *))found;
}

void state_clock_without_counter(void)
{
	state_vdso_clock = clock_by_kernel;
}

/* Two threads with the same number would have to be 2^38 bytes apart. */
static uint32_t number_of_thread(void)
{
	return (uint32_t)((uintptr_t)__builtin_thread_pointer() >> 6) | 0x80000000u;
}

int state_lock_within(uint32_t *lock, int yields)
{
	uint32_t mine = number_of_thread(), holder = 0;

	for (; !__atomic_compare_exchange_n(lock, &holder, mine, 0, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED); holder = 0) {
		if (yields-- <= 0)
			return 0;
		sys_call3(SYS_sched_yield, 0, 0, 0);
	}
	return 1;
}

void state_lock_slow(uint32_t *lock)
{
	for (int spins = 0; __atomic_exchange_n(lock, 1, __ATOMIC_ACQUIRE);) {
		if (++spins < 64)
			__builtin_ia32_pause();
		else
			sys_call3(SYS_sched_yield, 0, 0, 0);
	}
}

int state_lock_unless_mine(uint32_t *lock)
{
	uint32_t mine = number_of_thread(), holder = 0;

	for (int spins = 0; !__atomic_compare_exchange_n(lock, &holder, mine, 0, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED); holder = 0) {
		if (holder == mine)
			return 0;
		if (++spins < 64)
			__builtin_ia32_pause();
		else
			sys_call3(SYS_sched_yield, 0, 0, 0);
	}
	return 1;
}

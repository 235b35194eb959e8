/* SPDX-License-Identifier: MIT */
#include "faults.h"

#include <signal.h>
#include <sys/mman.h>

#include "sys.h"
#include "rules.h"

#define RESTORER 0x04000000ul /* SA_RESTORER */
#define SMALL 4096ul
#define HUGE (2ul << 20)
#define LARGE (1ul << 30)

/* As the kernel lays it out. */
struct kernel_action {
	void (*handler)(int, siginfo_t *, void *);
	unsigned long flags;
	void (*restorer)(void);
	uint64_t mask;
};

static struct {
	struct reach_unread *unread;
	const struct reach_maps *maps;
} here;

void reach_faults_return(void);
__asm__(".pushsection .text\n"
	".hidden reach_faults_return\n"
	".globl reach_faults_return\n"
	".type reach_faults_return, @function\n"
	"reach_faults_return:\n"
	"	mov $15, %eax\n" /* rt_sigreturn */
	"	syscall\n"
	".size reach_faults_return, . - reach_faults_return\n"
	".popsection\n");

static int put_empty(uintptr_t at, uintptr_t size)
{
	return !sys_failed(sys_call6(SYS_mmap, (long)(at & ~(size - 1)), (long)size, PROT_READ | PROT_WRITE,
				     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE, -1, 0));
}

static void fault(int number, siginfo_t *info, void *context)
{
	uintptr_t at = (uintptr_t)info->si_addr, size;
	const struct reach_map *m = reach_maps_find(here.maps, at);

	(void)context;
	for (size = SMALL; m && size <= LARGE; size = size == SMALL ? HUGE : size == HUGE ? LARGE : 2 * LARGE)
		if (put_empty(at, size))
			break;
	if (!m || size > LARGE)
		sys_leave(SYS_exit_group, 1);
	/* a guard's page holds nothing: what it had was thrown away */
	if (number == SIGBUS)
		reach_unread_note(here.unread, TRACE_UNREAD_REFUSED, m, at & ~(size - 1), size);
}

/* Pages under a protection key are readable for threads whose register says so. */
static void open_protection_keys(void)
{
	uint32_t a = 7, b, c = 0, d;

	__asm__ volatile("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
	if (c & 1u << 4) /* OSPKE */
		__asm__ volatile(".byte 0x0f, 0x01, 0xef" : : "a"(0), "c"(0), "d"(0)); /* wrpkru */
}

void reach_faults_start(struct reach_unread *unread, const struct reach_maps *maps)
{
	struct kernel_action action = {fault, RESTORER | SA_SIGINFO | SA_NODEFER, reach_faults_return, 0};

	here.unread = unread;
	here.maps = maps;
	open_protection_keys();
	sys_call6(SYS_rt_sigaction, SIGSEGV, (long)&action, 0, 8, 0, 0);
	sys_call6(SYS_rt_sigaction, SIGBUS, (long)&action, 0, 8, 0, 0);
}

/* SPDX-License-Identifier: MIT */
/* What a filter of system calls would say to a call of ours. Laws in guard.h. */
#include "guard.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>

#include "readable.h"
#include "sys.h"
#include "trace.h"
#include "rules.h"

#define INSTRUCTIONS 8192u
#define FILTERS 16u
#define RETURNS_ERRNO SECCOMP_RET_ERRNO
#define LISTENS 8 /* SECCOMP_FILTER_FLAG_NEW_LISTENER */
#define YIELDS 1000
#define DIGITS 3

union guard_page guard_page __attribute__((aligned(4096)));
void (*guard_tightens)(const struct guard_future *next);
void (*guard_loosens)(void);

static const char variable[] = "LEAKSHIM_FILTERS=";

/* Not wiped by a fork: the child has the same filters. */
static struct {
	uint32_t is_ready;  /* it is known what was in force at the start; before that nothing of ours passes */
	uint32_t on;        /* a filter may be in force */
	uint32_t is_opaque; /* one that nobody can read: nothing passes */
	uint32_t filters, used;
	uint32_t lock;
	uint32_t inherited; /* filters at the start, harmless ones */
	char *told;         /* the digits behind LEAKSHIM_FILTERS= in the program's environment */
	struct {
		uint32_t first, count;
	} filter[FILTERS];
	struct sock_filter code[INSTRUCTIONS];
} guard;

static uint32_t operand(const struct sock_filter *i, uint32_t x)
{
	return BPF_SRC(i->code) == BPF_X ? x : i->k;
}

static uint32_t compute(const struct sock_filter *i, uint32_t a, uint32_t x)
{
	uint32_t b = operand(i, x);

	switch (BPF_OP(i->code)) {
	case BPF_ADD: return a + b;
	case BPF_SUB: return a - b;
	case BPF_MUL: return a * b;
	case BPF_DIV: return b ? a / b : 0;
	case BPF_MOD: return b ? a % b : 0;
	case BPF_OR: return a | b;
	case BPF_AND: return a & b;
	case BPF_XOR: return a ^ b;
	case BPF_LSH: return a << (b & 31);
	case BPF_RSH: return a >> (b & 31);
	default: return -a; /* BPF_NEG */
	}
}

static int holds(const struct sock_filter *i, uint32_t a, uint32_t x)
{
	uint32_t b = operand(i, x);

	switch (BPF_OP(i->code)) {
	case BPF_JEQ: return a == b;
	case BPF_JGT: return a > b;
	case BPF_JGE: return a >= b;
	default: return (a & b) != 0; /* BPF_JSET */
	}
}

/* What the kernel would have of it. Anything odd: killed. */
static uint32_t run(const struct sock_filter *code, uint32_t count, const struct seccomp_data *data)
{
	uint32_t a = 0, x = 0, memory[BPF_MEMWORDS] = {0};

	for (uint32_t at = 0; at < count; at++) {
		const struct sock_filter *i = &code[at];

		switch (BPF_CLASS(i->code)) {
		case BPF_LD:
			if (BPF_MODE(i->code) == BPF_ABS && i->k <= sizeof *data - 4)
				memcpy(&a, (const char *)data + i->k, 4);
			else
				a = BPF_MODE(i->code) == BPF_IMM   ? i->k
				    : BPF_MODE(i->code) == BPF_LEN ? sizeof *data
								   : memory[i->k % BPF_MEMWORDS];
			break;
		case BPF_LDX:
			x = BPF_MODE(i->code) == BPF_IMM   ? i->k
			    : BPF_MODE(i->code) == BPF_LEN ? sizeof *data
							   : memory[i->k % BPF_MEMWORDS];
			break;
		case BPF_ST: memory[i->k % BPF_MEMWORDS] = a; break;
		case BPF_STX: memory[i->k % BPF_MEMWORDS] = x; break;
		case BPF_ALU: a = compute(i, a, x); break;
		case BPF_JMP: at += BPF_OP(i->code) == BPF_JA ? i->k : holds(i, a, x) ? i->jt : i->jf; break;
		case BPF_RET: return BPF_RVAL(i->code) == BPF_A ? a : i->k;
		default:
			if (BPF_MISCOP(i->code) == BPF_TAX)
				x = a;
			else
				a = x;
		}
	}
	return SECCOMP_RET_KILL_PROCESS;
}

/* The gravest of what the first `filters` filters say. */
static uint32_t verdict_of(uint32_t filters, int is_opaque, long n, const long argument[6])
{
	struct seccomp_data data = {.nr = (int)n, .arch = AUDIT_ARCH_X86_64};
	uint32_t gravest = SECCOMP_RET_ALLOW;

	if (is_opaque)
		return SECCOMP_RET_KILL_PROCESS;
	for (int i = 0; i < 6; i++)
		data.args[i] = (uint64_t)argument[i];
	for (uint32_t i = 0; i < filters; i++) {
		uint32_t said = run(guard.code + guard.filter[i].first, guard.filter[i].count, &data);

		if ((int32_t)(said & SECCOMP_RET_ACTION_FULL) < (int32_t)(gravest & SECCOMP_RET_ACTION_FULL))
			gravest = said;
	}
	return gravest;
}

static uint32_t verdict(long n, const long argument[6])
{
	return verdict_of(__atomic_load_n(&guard.filters, __ATOMIC_ACQUIRE),
			  (int)__atomic_load_n(&guard.is_opaque, __ATOMIC_ACQUIRE), n, argument);
}

static int passes(uint32_t said)
{
	said &= SECCOMP_RET_ACTION_FULL;
	return said == SECCOMP_RET_ALLOW || said == SECCOMP_RET_LOG;
}

static void leave_out(long n)
{
	struct trace_header *h = guard_page.s.header;

	if (!h)
		return;
	__atomic_fetch_add(&h->calls_left_out, 1, __ATOMIC_RELAXED);
	if (n >= 0 && n < (long)(8 * sizeof h->left_out))
		__atomic_fetch_or(&h->left_out[n / 64], 1ull << n % 64, __ATOMIC_RELAXED);
}

int guard_lies_in(uintptr_t start, uintptr_t end)
{
	return start < (uintptr_t)(&guard + 1) && (uintptr_t)&guard < end;
}

long sys_call6(long n, long a, long b, long c, long d, long e, long f)
{
	struct trace_header *h = guard_page.s.header;

	if (__builtin_expect(!guard.is_ready, 0))
		return -EPERM;
	if (__builtin_expect(__atomic_load_n(&guard.on, __ATOMIC_ACQUIRE), 0)) {
		uint32_t said = verdict(n, (const long[6]){a, b, c, d, e, f});

		if (!passes(said)) {
			long error = (long)(said & SECCOMP_RET_DATA);

			leave_out(n);
			return (said & SECCOMP_RET_ACTION_FULL) == RETURNS_ERRNO && error && error < 4096 ? -error
													  : -EPERM;
		}
	}
	if (!h)
		return sys_host6(n, a, b, c, d, e, f);
	__atomic_store_n(&h->own_call, (uint32_t)n + 1, __ATOMIC_RELAXED);
	long result = sys_host6(n, a, b, c, d, e, f);
	if (guard_page.s.header == h) /* not unmapped by the call, nor in a child of it */
		__atomic_store_n(&h->own_call, 0, __ATOMIC_RELAXED);
	return result;
}

/* Anything but a pass or an honest refusal: an error of 0 says that a call was made which was not. */
static int is_deadly(uint32_t said)
{
	return !passes(said) && ((said & SECCOMP_RET_ACTION_FULL) != RETURNS_ERRNO || !(said & SECCOMP_RET_DATA));
}

static int lets(uint32_t filters, int is_opaque, const struct guard_call *calls, size_t count, int or_refused)
{
	for (size_t i = 0; i < count; i++) {
		uint32_t said = verdict_of(filters, is_opaque, calls[i].number, calls[i].argument);

		if (or_refused ? is_deadly(said) : !passes(said))
			return 0;
	}
	return 1;
}

int guard_lets(const struct guard_call *calls, size_t count, int or_refused)
{
	return !guard.on || lets(guard.filters, (int)guard.is_opaque, calls, count, or_refused);
}

int guard_will_let(const struct guard_future *f, const struct guard_call *calls, size_t count, int or_refused)
{
	return lets(f->filters, f->is_opaque, calls, count, or_refused);
}

/* All that we and the analyzer may call. */
static const uint16_t own_calls[] = {
	SYS_read, SYS_write, SYS_close, SYS_stat, SYS_fstat, SYS_newfstatat, SYS_lseek, SYS_mmap, SYS_mprotect, SYS_munmap, SYS_brk,
	SYS_rt_sigaction, SYS_rt_sigprocmask, SYS_rt_sigreturn, SYS_ioctl, SYS_pread64, SYS_pwrite64, SYS_access, SYS_sched_yield,
	SYS_mincore, SYS_madvise, SYS_dup2, SYS_nanosleep, SYS_setitimer, SYS_getpid, SYS_clone, SYS_execve, SYS_exit, SYS_exit_group,
	SYS_wait4, SYS_kill, SYS_fcntl, SYS_ftruncate, SYS_getcwd, SYS_mkdir, SYS_unlink, SYS_unlinkat, SYS_readlink, SYS_readlinkat,
	SYS_getuid, SYS_geteuid, SYS_getppid, SYS_setpriority, SYS_prctl, SYS_arch_prctl, SYS_gettid, SYS_futex, SYS_getdents64,
	SYS_set_tid_address, SYS_clock_gettime, SYS_tgkill, SYS_openat, SYS_set_robust_list, SYS_tee, SYS_pipe2, SYS_prlimit64,
	SYS_process_vm_readv, SYS_getrandom, SYS_membarrier, SYS_rseq, SYS_sysinfo, SYS_close_range,
};

static int kills(uint32_t filters, int is_opaque)
{
	static const long arguments[2][6] = {{0}, {-1, -1, -1, -1, -1, -1}};

	for (size_t i = 0; i < 2 * sizeof own_calls / sizeof *own_calls; i++)
		if (is_deadly(verdict_of(filters, is_opaque, own_calls[i / 2], arguments[i % 2])))
			return 1;
	return 0;
}

int guard_is_deadly(void)
{
	return guard.on && kills(guard.filters, (int)guard.is_opaque);
}

static int readable(const void *at, size_t size)
{
	for (uintptr_t page = (uintptr_t)at & ~(READABLE_PAGE - 1); page < (uintptr_t)at + size; page += READABLE_PAGE)
		if (!readable_word(page))
			return 0;
	return 1;
}

/* Copies it behind the others, where it is not in force yet. Returns 0 if it cannot be read. */
static int take_in(const struct sock_fprog *program)
{
	struct sock_fprog p;

	if (!readable(program, sizeof p))
		return 0;
	memcpy(&p, program, sizeof p);
	size_t size = p.len * sizeof *p.filter;
	if (guard.filters == FILTERS || p.len > INSTRUCTIONS - guard.used || !readable(p.filter, size))
		return 0;
	memcpy(guard.code + guard.used, p.filter, size);
	guard.filter[guard.filters].first = guard.used;
	guard.filter[guard.filters].count = p.len;
	guard.used += p.len;
	return 1;
}

static void note(void)
{
	struct trace_header *h = guard_page.s.header;

	if (h)
		__atomic_fetch_or(&h->filtered, TRACE_FILTER_SEEN | (guard.is_opaque ? TRACE_FILTER_OPAQUE : 0),
				  __ATOMIC_RELAXED);
}

/* What a later exec will find said in the environment that it was given at the start. */
static void tell(void)
{
	if (!guard.told || memcmp(guard.told - (sizeof variable - 1), variable, sizeof variable - 1))
		return;
	uint32_t n = guard.inherited + guard.filters;
	int is_harmless = !guard.on || !guard_is_deadly();

	for (int i = DIGITS; i-- > 0; n /= 10)
		guard.told[i] = is_harmless ? (char)('0' + n % 10) : 'x';
}

static int lock_for_a_while(void)
{
	for (int i = 0; i < YIELDS; i++) {
		if (!__atomic_exchange_n(&guard.lock, 1, __ATOMIC_ACQUIRE))
			return 1;
		__builtin_ia32_pause();
	}
	return 0;
}

struct guard_attempt guard_before(int is_strict, int flags, const void *program)
{
	struct guard_attempt a = {.was_on = (int)guard.on, .is_filter = !is_strict, .is_listening = flags & LISTENS};

	if (!lock_for_a_while()) { /* another thread's, or one of before a fork */
		guard.is_opaque = 1;
		__atomic_store_n(&guard.on, 1, __ATOMIC_RELEASE);
		a.is_filter = -1;
		return a;
	}
	a.filters = guard.filters;
	a.used = guard.used;
	a.is_opaque = guard.is_opaque;
	/* asked with bad arguments whether there are filters: it will be refused */
	int is_doomed = is_strict ? flags || program
				  : !program || (!guard.on && !readable(program, sizeof(struct sock_fprog)));
	int is_known = !is_strict && !is_doomed && take_in(program);
	struct guard_future next = {guard.filters + (uint32_t)is_known, !is_known || guard.is_opaque};

	if (guard_tightens && !is_doomed)
		guard_tightens(&next);
	__atomic_store_n(&guard.is_opaque, (uint32_t)next.is_opaque, __ATOMIC_RELEASE);
	__atomic_store_n(&guard.filters, next.filters, __ATOMIC_RELEASE);
	__atomic_store_n(&guard.on, 1, __ATOMIC_RELEASE);
	return a;
}

void guard_after(const struct guard_attempt *a, long result)
{
	if (a->is_filter < 0)
		return;
	if (result < 0 || (result > 0 && !a->is_listening)) {
		__atomic_store_n(&guard.filters, a->filters, __ATOMIC_RELEASE);
		guard.used = a->used;
		__atomic_store_n(&guard.is_opaque, a->is_opaque, __ATOMIC_RELEASE);
		__atomic_store_n(&guard.on, (uint32_t)a->was_on, __ATOMIC_RELEASE);
		if (guard_loosens && !guard.on)
			guard_loosens();
	} else {
		note();
		tell();
	}
	__atomic_store_n(&guard.lock, 0, __ATOMIC_RELEASE);
}

/* syscall() with the number of seccomp or prctl; tail_x86_64.S jumps here. */
long guard_syscall(long n, long a, long b, long c, long d, long e) __attribute__((visibility("hidden")));
long guard_syscall(long n, long a, long b, long c, long d, long e)
{
	int is_strict = n == SYS_seccomp ? a == SECCOMP_SET_MODE_STRICT : b == SECCOMP_MODE_STRICT;
	int installs = n == SYS_seccomp ? a == SECCOMP_SET_MODE_STRICT || a == SECCOMP_SET_MODE_FILTER : a == PR_SET_SECCOMP;
	struct guard_attempt attempt = {0};
	int saved = errno;

	if (installs)
		attempt = guard_before(is_strict, n == SYS_seccomp ? (int)b : 0, n == SYS_prctl && is_strict ? 0 : (const void *)c);
	long result = sys_host6(n, a, b, c, d, e, 0);
	if (installs)
		guard_after(&attempt, result);
	errno = saved;
	if (!sys_failed(result))
		return result;
	errno = (int)-result;
	return -1;
}

/* At the start no function of libc is called: a sanitizer in the program, which stands in for it, has not begun. */
static int begins_with(const char *text, const char *start)
{
	while (*start && *text == *start)
		text++, start++;
	return !*start;
}

static const char *line_of(const char *text, const char *name)
{
	while (*text && !begins_with(text, name))
		text++;
	if (!*text)
		return 0;
	while (*name)
		text++, name++;
	while (*text == '\t' || *text == ' ')
		text++;
	return text;
}

static uint32_t digits(const char *at)
{
	uint32_t n = 0;

	while (*at >= '0' && *at <= '9')
		n = n * 10 + (uint32_t)(*at++ - '0');
	return n;
}

struct filters {
	int is_known, mode;
	int count; /* -1: this kernel does not say (before 5.9) */
};

/* What a status file says. Opened, read and closed as the loader does with libraries. */
static struct filters filters_of(const char *path)
{
	struct filters found = {0, 0, -1};
	char text[4096 + 1];
	size_t kept = 0;
	long n, fd = sys_host6(SYS_openat, AT_FDCWD, (long)path, O_RDONLY | O_CLOEXEC, 0, 0, 0);

	if (sys_failed(fd))
		return found;
	while ((n = sys_host3(SYS_read, fd, (long)text + (long)kept, (long)(sizeof text - 1 - kept))) > 0) {
		const char *at;

		kept += (size_t)n;
		text[kept] = 0;
		if ((at = line_of(text, "\nSeccomp:")))
			found.mode = (int)digits(at), found.is_known = 1;
		if ((at = line_of(text, "\nSeccomp_filters:")))
			found.count = (int)digits(at);
		if (kept > 2048) {
			for (size_t i = 0; i < 1024; i++)
				text[i] = text[kept - 1024 + i];
			kept = 1024;
		}
	}
	sys_host3(SYS_close, fd, 0, 0);
	return found;
}

static int is_there(const char *path)
{
	long fd = sys_host6(SYS_openat, AT_FDCWD, (long)path, O_RDONLY | O_CLOEXEC, 0, 0, 0);

	if (sys_failed(fd))
		return 0;
	sys_host3(SYS_close, fd, 0, 0);
	return 1;
}

static char *find(char **envp, const char *name)
{
	for (; *envp; envp++)
		if (begins_with(*envp, name)) {
			char *at = *envp;

			while (*name)
				at++, name++;
			return at;
		}
	return 0;
}

/* All of the container is under the same filter, and it is one of those whose filters answer with errors. */
static int is_container(char **envp, int count)
{
	struct filters first = filters_of("/proc/1/status");

	if (!first.is_known || first.mode != SECCOMP_MODE_FILTER || first.count != count)
		return 0;
	return is_there("/.dockerenv") || is_there("/run/.containerenv") || find(envp, "container=") ||
	       find(envp, "KUBERNETES_SERVICE_HOST=");
}

enum guard_start guard_start(char **envp)
{
	struct filters own = filters_of("/proc/self/status");
	char *told = find(envp, variable);
	int length = 0;

	while (told && told[length])
		length++;
	guard.told = length == DIGITS ? told : 0;
	int is_warned = guard.told && guard.told[0] == 'x'; /* by who ran here before */

	if (!own.is_known && is_warned)
		own.mode = SECCOMP_MODE_FILTER;
	else if (!own.is_known) /* no /proc: nothing better is left than to ask */
		own.mode = (int)sys_host6(SYS_prctl, PR_GET_SECCOMP, 0, 0, 0, 0, 0) > 0 ? SECCOMP_MODE_FILTER : 0;
	guard.is_ready = 1;
	if (own.mode == 0)
		return GUARD_FREE;
	uint32_t known = guard.told && !is_warned ? digits(guard.told) : 0;
	if (own.mode == SECCOMP_MODE_FILTER && known && (own.count < 0 || (uint32_t)own.count == known)) {
		guard.inherited = known;
		return GUARD_FREE;
	}
	if (own.mode == SECCOMP_MODE_FILTER && !is_warned && is_container(envp, own.count)) {
		guard.inherited = own.count > 0 ? (uint32_t)own.count : 1;
		return GUARD_FREE;
	}
	guard.is_opaque = 1;
	guard.on = 1;
	return GUARD_UNKNOWN;
}

int guard_wipe(void)
{
	return sys_failed(sys_call3(SYS_madvise, (long)&guard_page, sizeof guard_page, MADV_WIPEONFORK));
}

size_t guard_environment_room(char *const *envp)
{
	size_t count = 0;

	if (!guard.on || !envp)
		return 0;
	while (envp[count])
		count++;
	return count + 2;
}

char **guard_environment(char **to, char *const *envp)
{
	static char text[sizeof variable + DIGITS];
	uint32_t n = guard.inherited + guard.filters;
	int is_deadly = guard_is_deadly();
	size_t used = 0;

	memcpy(text, variable, sizeof variable - 1);
	for (int i = DIGITS; i-- > 0; n /= 10)
		text[sizeof variable - 1 + i] = is_deadly ? 'x' : (char)('0' + n % 10);
	for (; *envp; envp++)
		if (strncmp(*envp, variable, sizeof variable - 1))
			to[used++] = *envp;
	to[used++] = text;
	to[used] = 0;
	return to;
}

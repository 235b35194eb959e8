/* SPDX-License-Identifier: MIT */
/* Does something odd to itself, by the name in argv[1], while somebody may look; without an argument it names all. A line says what
 * came of it, which must be the same with and without a tracer. */
#include "victim.h"
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <setjmp.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>

static volatile int seen;
static sigjmp_buf back;

static void wait_ms(int ms)
{
	struct timespec left = {ms / 1000, ms % 1000 * 1000000l};

	while (nanosleep(&left, &left) && errno == EINTR)
		continue;
}

static void lose(int count)
{
	while (count--)
		keep(malloc(77));
}

static void limit(int which, rlim_t value)
{
	struct rlimit l = {value, value};

	setrlimit(which, &l);
}

static int fill(int which)
{
	int n = 0;

	lose(5);
	limit(which, 300ul << 20);
	wait_ms(600);
	lose(5);
	while (n < 1000 && malloc(1 << 20))
		n++;
	struct rlimit now = {0, 0};
	getrlimit(which, &now);
	return n > 200 && n < 360 && now.rlim_cur == 300ul << 20;
}

static int limits_its_address_space(void)
{
	return fill(RLIMIT_AS);
}

static int limits_its_data(void)
{
	return fill(RLIMIT_DATA);
}

static int limits_files_of_a_child(void)
{
	int status = 0;

	limit(RLIMIT_FSIZE, 0);
	signal(SIGXFSZ, SIG_DFL);
	if (!fork()) {
		lose(1000);
		_exit(3);
	}
	wait(&status);
	wait_ms(300);
	return status;
}

static int limits_its_files(void)
{
	limit(RLIMIT_FSIZE, 4096);
	for (int i = 0; i < 200000; i++)
		keep(malloc(20));
	wait_ms(700);
	return 1;
}

static int limits_descriptors(void)
{
	int n = 0;

	lose(4);
	limit(RLIMIT_NOFILE, 6);
	while (open("/dev/null", O_RDONLY) >= 0)
		n++;
	wait_ms(700);
	close(3);
	return n * 10 + open("/dev/null", O_RDONLY);
}

static int waits_for_any_signal(void)
{
	sigset_t all;

	sigfillset(&all);
	sigdelset(&all, SIGUSR1);
	sigprocmask(SIG_BLOCK, &all, 0);
	lose(3);
	sigaddset(&all, SIGUSR1);
	sigprocmask(SIG_BLOCK, &all, 0);
	struct pollfd one = {.fd = signalfd(-1, &all, 0), .events = POLLIN};
	return poll(&one, 1, 900);
}

static int has_no_counter(void)
{
	struct timespec nap = {0, 700000000};

	prctl(PR_SET_TSC, PR_TSC_SIGSEGV, 0, 0, 0);
	lose(3);
	for (int i = 0; i < 1000; i++)
		free(malloc((size_t)i));
	syscall(SYS_nanosleep, &nap, 0);
	return 1;
}

static int makes_a_namespace_for_children(void)
{
	int status = 0;

	if (unshare(CLONE_NEWPID))
		return -1;
	lose(3);
	if (!fork()) {
		lose(2);
		wait_ms(700);
		_exit(4);
	}
	wait(&status);
	return status;
}

static int has_no_proc(void)
{
	if (unshare(CLONE_NEWNS) || mount(0, "/", 0, MS_REC | MS_PRIVATE, 0))
		return -1;
	umount2("/proc", MNT_DETACH);
	lose(3);
	wait_ms(700);
	return 1;
}

static int adopts_orphans(void)
{
	int status, n = 0;

	prctl(PR_SET_CHILD_SUBREAPER, 1);
	lose(3);
	if (!fork()) {
		if (!fork()) {
			wait_ms(200);
			_exit(5);
		}
		_exit(6);
	}
	wait_ms(700);
	while (wait(&status) > 0)
		n += 100 + WEXITSTATUS(status);
	return n;
}

static void count(int number)
{
	seen++;
	free(malloc((size_t)number));
}

static int counts_children_that_end(void)
{
	signal(SIGCHLD, count);
	lose(3);
	wait_ms(800);
	return seen;
}

/* With what libc keeps ready for a thread a handler that allocates comes through, by luck; so it must with the first block of a
 * trace and of a thread. */
static int is_interrupted_all_the_time(void)
{
	struct itimerval often = {{0, 300}, {0, 300}}, never = {{0, 0}, {0, 0}};
	int status = 0;

	signal(SIGALRM, count);
	count(SIGALRM);
	free(malloc(100));
	if (!fork()) {
		setitimer(ITIMER_REAL, &often, 0);
		for (int i = 0; i < 100; i++) {
			free(malloc(100));
			wait_ms(4);
		}
		setitimer(ITIMER_REAL, &never, 0);
		_exit(seen > 20);
	}
	waitpid(-1, &status, 0);
	wait_ms(300);
	return status;
}

static void jump(int number)
{
	siglongjmp(back, number);
}

static int faults_on_purpose(void)
{
	volatile int n = 0;

	signal(SIGSEGV, jump);
	lose(3);
	while (n < 100)
		if (sigsetjmp(back, 1))
			n++, wait_ms(7);
		else
			*(volatile int *)8 = 1;
	return n;
}

static int run_apart(void *number)
{
	++*(volatile int *)number;
	return 0;
}

static int clones_onto_stacks_of_its_own(void)
{
	char *stack = malloc(65536);
	int status;

	for (int i = 0; i < 60; i++) {
		waitpid(clone(run_apart, stack + 65536, CLONE_VM | CLONE_FS | CLONE_FILES | SIGCHLD, (void *)&seen), &status, 0);
		lose(1);
		wait_ms(12);
	}
	return seen;
}

static void *fork_often(void *unused)
{
	int status;

	for (int i = 0; i < 10; i++) {
		pid_t child = fork();

		if (!child) {
			lose(1);
			_exit(2);
		}
		if (waitpid(child, &status, 0) != child || WEXITSTATUS(status) != 2)
			seen++;
	}
	return unused;
}

static int forks_in_threads(void)
{
	pthread_t thread[4];

	lose(3);
	for (int i = 0; i < 4; i++)
		pthread_create(&thread[i], 0, fork_often, 0);
	for (int i = 0; i < 4; i++)
		pthread_join(thread[i], 0);
	wait_ms(300);
	return seen;
}

static int traces_a_child(void)
{
	int status, stops = 0;
	pid_t child = fork();

	if (!child) {
		ptrace(PTRACE_TRACEME, 0, 0, 0);
		raise(SIGSTOP);
		lose(2);
		_exit(7);
	}
	lose(3);
	waitpid(child, &status, 0);
	wait_ms(600);
	for (; WIFSTOPPED(status); stops++) {
		ptrace(PTRACE_CONT, child, 0, WSTOPSIG(status) == SIGSTOP ? 0 : WSTOPSIG(status));
		waitpid(child, &status, 0);
	}
	return stops * 10 + WEXITSTATUS(status);
}

static int deep(int left)
{
	volatile char room[64];

	room[0] = (char)left;
	if (left)
		return deep(left - 1) + (room[0] == (char)left);
	lose(3);
	wait_ms(700);
	return 0;
}

static int stands_very_deep(void)
{
	return deep(50000);
}

static void note_signal(int number)
{
	seen += number;
}

/* All real-time signals, in the midst of its life. */
static int takes_all_real_time_signals(void)
{
	struct sigaction mine = {.sa_handler = note_signal, .sa_flags = SA_RESTART};

	for (int s = SIGRTMIN; s <= SIGRTMAX; s++)
		sigaction(s, &mine, 0);
	lose(3);
	wait_ms(700);
	return seen;
}

/* Its only thread waits for any signal that may come, as services do that have a thread for them. */
static int waits_itself_for_any_signal(void)
{
	struct timespec most = {2, 500000000}; /* longer than anybody asks */
	siginfo_t info;
	sigset_t all;

	sigfillset(&all);
	sigdelset(&all, SIGUSR1);
	sigprocmask(SIG_BLOCK, &all, 0);
	lose(3);
	int number = sigtimedwait(&all, &info, &most);
	return number < 0 ? errno == EAGAIN : 1000 + number;
}

#ifdef __x86_64__
#define GET_FS 0x1003
#define SET_FS 0x1002

/* An area of its own stands where libc's thread is found, while it computes: nothing of libc may be asked then. */
static int has_a_foreign_thread_area(void)
{
	static uintptr_t area[512];
	struct timespec now, start;
	uintptr_t libc;
	long r;

	lose(3);
	clock_gettime(CLOCK_MONOTONIC, &start);
	syscall(SYS_arch_prctl, GET_FS, &libc);
	area[256] = (uintptr_t)&area[256];
	area[261] = ((uintptr_t *)libc)[5]; /* the guard of stacks */
	__asm__ volatile("syscall" : "=a"(r) : "0"((long)SYS_arch_prctl), "D"((long)SET_FS), "S"(&area[256]) : "rcx", "r11", "memory");
	do {
		__asm__ volatile("syscall" : "=a"(r) : "0"((long)SYS_clock_gettime), "D"((long)CLOCK_MONOTONIC), "S"(&now) : "rcx", "r11", "memory");
	} while ((now.tv_sec - start.tv_sec) * 1000 + (now.tv_nsec - start.tv_nsec) / 1000000 < 700);
	__asm__ volatile("syscall" : "=a"(r) : "0"((long)SYS_arch_prctl), "D"((long)SET_FS), "S"(libc) : "rcx", "r11", "memory");
	return 1;
}
#else
static int has_a_foreign_thread_area(void)
{
	return 1;
}
#endif

static const struct {
	const char *name;
	int (*run)(void);
} kinds[] = {
#define KIND(name) {#name, name}
	KIND(limits_its_address_space), KIND(limits_its_data), KIND(limits_files_of_a_child), KIND(limits_its_files),
	KIND(limits_descriptors), KIND(waits_for_any_signal), KIND(has_no_counter), KIND(makes_a_namespace_for_children),
	KIND(has_no_proc), KIND(adopts_orphans), KIND(counts_children_that_end), KIND(is_interrupted_all_the_time),
	KIND(faults_on_purpose), KIND(clones_onto_stacks_of_its_own), KIND(forks_in_threads),
	KIND(traces_a_child), KIND(stands_very_deep), KIND(takes_all_real_time_signals), KIND(waits_itself_for_any_signal),
	KIND(has_a_foreign_thread_area),
};

int main(int argc, char **argv)
{
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
		if (argc < 2)
			puts(kinds[i].name);
		else if (!strcmp(argv[1], kinds[i].name))
			printf("%s: %d\n", argv[1], kinds[i].run());
	return 0;
}

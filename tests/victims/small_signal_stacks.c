/* SPDX-License-Identifier: MIT */
/* Alternate stacks that are just large enough for what the program itself does on them. argv[1] says what that is; with a
 * second argument it is asked for looks (SIGUSR1) in the midst of it, "inside": only in its handlers. What it prints and how it
 * ends are the same then. */
#include <setjmp.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <threads.h>
#include "victim.h"

#define AREA (1 << 16)
#define CANARY 0x5a

static int is_asked, is_bounded;
static char *self;
static __thread char *stack;
static sigjmp_buf out;
static ucontext_t inner, outer;
static char coroutine[AREA];

static void ask(void)
{
	if (is_asked)
		raise(SIGUSR1);
}

/* An alternate stack of this size, with memory below it that nobody else writes to. */
static void stand(size_t size)
{
	char *area = mmap(0, 2 * AREA, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	memset(area, CANARY, 2 * AREA);
	stack = area + AREA;
	if (is_bounded)
		mprotect(area, AREA, PROT_NONE);
	if (sigaltstack(&(stack_t){.ss_sp = stack, .ss_size = size}, 0))
		_exit(3);
}

static long written_below(void)
{
	for (const char *p = stack - AREA; p < stack; p++)
		if (*p != CANARY)
			return stack - p;
	return 0;
}

static void handle(int number, void (*handler)(int), int flags)
{
	struct sigaction action = {.sa_handler = handler, .sa_flags = SA_ONSTACK | flags}, back;

	if (sigaction(number, &action, 0) || sigaction(number, 0, &back))
		_exit(3);
	for (int other = 1; other < 65; other++)
		if (sigismember(&back.sa_mask, other) == 1)
			printf("its mask has %d\n", other);
}

static void say_blocked(const char *where)
{
	sigset_t set;

	sigprocmask(SIG_BLOCK, 0, &set);
	printf("%s:", where);
	for (int number = 1; number < 65; number++)
		if (sigismember(&set, number) == 1)
			printf(" %d", number);
	puts("");
	fflush(stdout);
}

static void on_ask(int number)
{
	(void)number;
	ask();
}

static void on_read(int number)
{
	(void)number;
	ask();
	say_blocked("in the handler");
	sigset_t all, old;
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &old);
	ask();
	say_blocked("with all blocked");
	sigprocmask(SIG_SETMASK, &old, 0);
	say_blocked("and again");
	ask();
}

static void on_jump(int number)
{
	ask();
	siglongjmp(out, number);
}

static void on_swap(int number)
{
	(void)number;
	ask();
	swapcontext(&outer, &inner);
	ask();
}

static void other_context(void)
{
	say_blocked("in the other context");
	ask();
	swapcontext(&inner, &outer);
	say_blocked("there again");
	swapcontext(&inner, &outer);
}

static void *blank(void *unused)
{
	say_blocked("in a thread");
	return unused;
}

static int blank_of_c11(void *unused)
{
	say_blocked(unused ? "" : "in a thread of C11");
	return 0;
}

static void on_thread(int number)
{
	pthread_t thread;

	(void)number;
	ask();
	if (!pthread_create(&thread, 0, blank, 0))
		pthread_join(thread, 0);
	if (thrd_create(&thread, blank_of_c11, 0) == thrd_success)
		thrd_join(thread, 0);
}

static void on_exec(int number)
{
	(void)number;
	ask();
	fflush(stdout);
	execl(self, self, "mask", (char *)0);
}

static void on_fork(int number)
{
	pid_t child = fork();

	if (!child)
		on_exec(number);
	while (waitpid(child, 0, 0) < 0)
		continue;
}

static void *own_stack(void *unused)
{
	stand(4096);
	for (int i = 0; i < 50; i++) {
		keep(malloc(10));
		raise(SIGURG);
	}
	printf("below %ld\n", written_below());
	return unused;
}

static volatile int is_there;

static void on_spin(int number)
{
	for (is_there = number;;)
		is_there++;
}

static void *spin(void *unused)
{
	stand((size_t)sysconf(_SC_MINSIGSTKSZ) + 600);
	raise(SIGURG);
	return unused;
}

int main(int argc, char **argv)
{
	const char *way = argv[1];
	size_t least = (size_t)sysconf(_SC_MINSIGSTKSZ);

	self = argv[0];
	is_asked = argc > 2;
	is_bounded = !strcmp(way, "killed");
	keep(malloc(20));
	puts(way); /* stdio has what it needs */
	if (!strcmp(way, "mask")) {
		say_blocked("executed");
		return 0;
	}
	if (!strcmp(way, "tiny")) /* as the headers have it, for processors with less to save */
		stand(2048);
	else
		stand(!strcmp(way, "smallest") || !strcmp(way, "killed") ? least : least + 3300); /* printing takes the half */
	for (int i = 0; i < 20 && argc > 2 && strcmp(argv[2], "inside"); i++)
		ask();
	if (!strcmp(way, "killed"))
		raise(SIGTERM);
	if (!strcmp(way, "in a handler") || !strcmp(way, "nested"))
		handle(SIGURG, on_ask, !strcmp(way, "nested") ? SA_NODEFER : 0);
	if (!strcmp(way, "reads its mask"))
		handle(SIGURG, on_read, 0);
	if (!strcmp(way, "jumps out"))
		handle(SIGURG, on_jump, SA_NODEFER);
	if (!strcmp(way, "starts a thread"))
		handle(SIGURG, on_thread, 0);
	if (!strcmp(way, "executes"))
		handle(SIGURG, on_exec, SA_NODEFER);
	if (!strcmp(way, "forks"))
		handle(SIGURG, on_fork, SA_NODEFER);
	if (!strcmp(way, "threads")) {
		pthread_t thread[4];

		handle(SIGURG, on_ask, SA_RESTART);
		for (int i = 0; i < 4; i++)
			pthread_create(&thread[i], 0, own_stack, 0);
		for (int i = 0; i < 4; i++)
			pthread_join(thread[i], 0);
	}
	if (!strcmp(way, "ends meanwhile")) {
		pthread_t thread;

		handle(SIGURG, on_spin, 0);
		pthread_create(&thread, 0, spin, 0);
		while (!is_there)
			continue;
		return 0;
	}
	if (!strcmp(way, "swaps")) {
		handle(SIGURG, on_swap, 0);
		getcontext(&inner);
		inner.uc_stack = (stack_t){.ss_sp = coroutine, .ss_size = sizeof coroutine};
		makecontext(&inner, other_context, 0);
	}
	for (int i = 0; i < 2 && strcmp(way, "smallest") && strcmp(way, "tiny"); i++) {
		if (!strcmp(way, "jumps out") ? !sigsetjmp(out, 0) : 1)
			raise(SIGURG);
		say_blocked("after the handler");
	}
	for (int i = 0; i < 20 && argc > 2 && strcmp(argv[2], "inside"); i++)
		ask();
	printf("below %ld\n", written_below());
	return 0;
}

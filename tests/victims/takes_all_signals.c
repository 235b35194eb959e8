/* SPDX-License-Identifier: MIT */
/* Takes every signal that can be taken, past libc, as the runtimes of some languages do ("instruction"), or by syscall() or
 * sigaction(); or blocks them. Says which ones it then got. Loses 10 blocks; allocates on and on if there is a second argument;
 * ends with its input, a thread of its spinning if that argument is "spins". */
#include <poll.h>
#include <sys/syscall.h>
#include "victim.h"

struct kernel_action {
	void (*handler)(int);
	unsigned long flags;
	void (*restorer)(void);
	unsigned long mask;
};

#define RESTORER 0x04000000ul /* as the kernel has it */
__asm__(".text\nback: mov $15, %eax\nsyscall\n");
void back(void);

static volatile int got[65], is_over, is_spinning;

static void take(int number)
{
	got[number]++;
	if (is_over && write(1, "got one at the end\n", 19) < 0)
		_exit(1);
}

static void *spin(void *unused)
{
	for (is_spinning = 1;;)
		got[0]++;
	return unused;
}

static long by_instruction(int number, const struct kernel_action *action)
{
	register long size __asm__("r10") = 8;
	long result;

	__asm__ volatile("syscall" : "=a"(result) : "a"(SYS_rt_sigaction), "D"(number), "S"(action), "d"(0), "r"(size)
			 : "rcx", "r11", "memory");
	return result;
}

static void take_all(const char *way)
{
	struct kernel_action raw = {.handler = take, .flags = RESTORER | SA_RESTART | SA_ONSTACK, .restorer = back};
	struct sigaction action = {.sa_handler = take, .sa_flags = SA_RESTART};

	sigset_t all;

	sigfillset(&all);
	if (!strcmp(way, "blocked"))
		sigprocmask(SIG_BLOCK, &all, 0);
	if (!strcmp(way, "blocked") || !strcmp(way, "none"))
		return;
	for (int number = 1; number < 65; number++) {
		if (number == SIGKILL || number == SIGSTOP || number == 32 || number == 33)
			continue;
		if (!strcmp(way, "sigaction"))
			sigaction(number, &action, 0);
		else if (!strcmp(way, "syscall"))
			syscall(SYS_rt_sigaction, number, &raw, 0, 8);
		else
			by_instruction(number, &raw);
	}
}

static __attribute__((noinline)) void lose(void)
{
	for (int i = 0; i < 10; i++)
		keep(malloc(100));
}

int main(int argc, char **argv)
{
	struct pollfd in = {.fd = 0, .events = POLLIN};
	int is_allocating = argc > 2;
	void *volatile held = malloc(70);

	lose();
	forget();
	take_all(argv[1]);
	puts("ready");
	fflush(stdout);
	for (char byte = 0; poll(&in, 1, 20) <= 0 || read(0, &byte, 1) > 0;)
		if (is_allocating)
			free(malloc(50));
	for (int number = 1; number < 65; number++)
		if (got[number])
			printf("got %d\n", number);
	free(held);
	puts("over");
	fflush(stdout);
	if (argc > 2 && !strcmp(argv[2], "spins")) {
		pthread_t thread;

		pthread_create(&thread, 0, spin, 0);
		while (!is_spinning)
			continue;
	}
	is_over = 1;
	return 0;
}

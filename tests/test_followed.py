# SPDX-License-Identifier: MIT
"""What a program that is followed instruction by instruction sees of that: nothing."""
import os
import subprocess

import pytest

from harness import LEAKSHIM, environment

# WITH: some statements, executed while a block is followed that is lost afterwards.
BEGIN = r"""
#define _GNU_SOURCE
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>
static char *make(void) { char *p = malloc(40); p[0] = 1; return p; }
#define WITH(...) for (int turn = 0; turn < 4; turn++) { char *volatile held = make(); held[1] = 1; __VA_ARGS__; held[2] = 1; held = 0; }
static volatile int got;
static void on(int number) { (void)number; got++; }
"""

ITS_OWN = {
    "the_flags_that_it_keeps": r"""
int main(void)
{
	unsigned long flags, bad = 0;
	WITH(__asm__ volatile("pushf; pop %0" : "=r"(flags)); bad += flags >> 8 & 1; __asm__ volatile("push %0; popf" :: "r"(flags) : "cc");
	     held[3] = 1; __asm__ volatile("mov $39, %%eax; syscall; mov %%r11, %0" : "=r"(flags) :: "rax", "rcx", "memory");
	     bad += flags >> 8 & 1)
	printf("%lu\n", bad);
	return 3;
}""",
    "signals_that_it_blocks": r"""
int main(void)
{
	sigset_t all, now, none;
	sigfillset(&all);
	sigemptyset(&none);
	for (int bound = 0; bound < 2; bound++)
		WITH(sigprocmask(SIG_BLOCK, &all, 0); held[3] = 1; sigprocmask(0, 0, &now); printf("%d ", sigismember(&now, SIGTRAP));
		     sigprocmask(SIG_SETMASK, &none, 0))
	return 3;
}""",
    "signals_that_it_blocks_by_a_call_of_the_kernel_or_a_context": r"""
#include <sys/syscall.h>
#include <ucontext.h>
int main(void)
{
	volatile int again;
	sigset_t all, now, none;
	ucontext_t context;
	sigfillset(&all);
	sigemptyset(&none);
	WITH(syscall(SYS_rt_sigprocmask, SIG_SETMASK, &all, 0, 8); held[3] = 1; sigprocmask(0, 0, &now);
	     printf("%d ", sigismember(&now, SIGTRAP)); sigprocmask(SIG_SETMASK, &none, 0))
	WITH(again = 1; getcontext(&context); held[3] = 1; context.uc_sigmask = all; if (again-- > 0) setcontext(&context);
	     held[3] = 1; sigprocmask(0, 0, &now); printf("%d ", sigismember(&now, SIGTRAP)); sigprocmask(SIG_SETMASK, &none, 0))
	return 3;
}""",
    "a_breakpoint_signal_that_it_ignores": r"""
int main(void)
{
	WITH(signal(SIGTRAP, SIG_IGN); held[3] = 1)
	raise(SIGTRAP);
	puts("lives");
	return 3;
}""",
    "steps_of_its_own": r"""
int main(void)
{
	signal(SIGTRAP, on);
	WITH(__asm__ volatile("int3; pushf; orl $0x100, (%%rsp); popf; nop; nop; pushf; andl $~0x100, (%%rsp); popf" ::: "cc", "memory"))
	printf("%d\n", got);
	return 3;
}""",
    "a_jump_out_of_a_handler": r"""
static sigjmp_buf back;
static void out(int number) { (void)number; WITH(got++) siglongjmp(back, 1); }
int main(void)
{
	signal(SIGUSR1, out);
	WITH(if (!sigsetjmp(back, 1)) raise(SIGUSR1))
	printf("%d\n", got);
	return 3;
}""",
    "a_handler_on_a_stack_of_its_own": r"""
static char stack[65536];
static void high(int number) { (void)number; char here, *p = make(); p[1] = 1; got += &here > stack && &here < stack + sizeof stack; }
int main(void)
{
	stack_t own = { .ss_sp = stack, .ss_size = sizeof stack };
	struct sigaction action = { .sa_handler = high, .sa_flags = SA_ONSTACK };
	sigaltstack(&own, 0);
	sigaction(SIGUSR1, &action, 0);
	WITH(raise(SIGUSR1))
	printf("%d\n", got);
	return 3;
}""",
    "a_stop_by_a_signal": r"""
static char state(pid_t pid)
{
	char path[64], text[512] = "";
	snprintf(path, sizeof path, "/proc/%d/stat", pid);
	FILE *f = fopen(path, "r");
	fread(text, 1, sizeof text - 1, f);
	fclose(f);
	return strrchr(text, ')')[2] | 32;
}
int main(void)
{
	pid_t parent = getpid(), child;
	int status;
	if (!(child = fork())) {
		int stopped = 0;
		for (int i = 0; i < 3000 && stopped < 50; i++, usleep(1000))
			stopped = state(parent) == 't' ? stopped + 1 : 0;
		kill(parent, SIGCONT);
		_exit(stopped == 50 ? 7 : 8);
	}
	WITH(if (turn == 3) raise(SIGSTOP))
	waitpid(child, &status, 0);
	printf("%d\n", WEXITSTATUS(status));
	return 3;
}""",
    "children_of_every_kind": r"""
int main(void)
{
	int sum = 0, status;
	WITH(pid_t child = fork(); if (!child) _exit(7); waitpid(child, &status, 0); sum += WEXITSTATUS(status);
	     child = vfork(); if (!child) { execl("/bin/true", "true", (char *)0); _exit(1); } waitpid(child, &status, 0);
	     sum += WEXITSTATUS(status); sum += WEXITSTATUS(system("exit 5")))
	printf("%d\n", sum);
	return 3;
}""",
    "an_alarm_that_ends_it": r"""
static void end(int number) { (void)number; free(make()); exit(12); }
int main(void)
{
	struct itimerval timer = { .it_value.tv_usec = 20000 };
	sigset_t alarm;
	sigemptyset(&alarm);
	sigaddset(&alarm, SIGALRM);
	signal(SIGALRM, end);
	WITH(held[3] = 1)
	sigprocmask(SIG_BLOCK, &alarm, 0); /* its handler allocates: never within malloc() */
	setitimer(ITIMER_REAL, &timer, 0);
	for (;;)
		WITH(sigprocmask(SIG_UNBLOCK, &alarm, 0); for (int i = 0; i < 1000; i++) got++; sigprocmask(SIG_BLOCK, &alarm, 0))
}""",
    "no_tracer_once_it_has_threads": r"""
#include <pthread.h>
static void *nothing(void *unused) { return unused; }
int main(void)
{
	pthread_t thread;
	WITH(pthread_create(&thread, 0, nothing, 0); pthread_join(thread, 0))
	fflush(stdout);
	return WEXITSTATUS(system("grep TracerPid /proc/$PPID/status"));
}""",
    "the_signal_that_kills_it": r"""
int main(void)
{
	WITH(if (turn == 3) abort())
}""",
}


def built(tmp_path, text):
    (tmp_path / "p.c").write_text(BEGIN + text)
    subprocess.run(["gcc", "-w", "-O0", "-g", "-o", tmp_path / "p", tmp_path / "p.c"], check=True)
    return tmp_path / "p"


def twice(tmp_path, exe, stdin=subprocess.DEVNULL):
    return subprocess.run([LEAKSHIM, "run", "--explain", "-o", tmp_path / "t.trace", "--", exe], env=environment(TMPDIR=tmp_path),
                          stdin=stdin, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize("what", ITS_OWN)
def test_a_program_that_is_followed_keeps(tmp_path, what):
    exe = built(tmp_path, ITS_OWN[what])
    bare = subprocess.run([exe], capture_output=True, text=True, timeout=60, check=False)
    done = twice(tmp_path, exe)
    status = bare.returncode if bare.returncode >= 0 else 128 - bare.returncode
    assert (done.returncode, done.stdout) == (status, bare.stdout * 2), (bare, done)


READER = r"""
int main(void)
{
	char text[64];
	WITH(held[3] = 1)
	while (read(0, text, sizeof text) > 0)
		;
	return 3;
}"""


def test_a_pipe_that_the_first_run_has_read_up_is_told_of_and_a_file_is_read_again(tmp_path):
    exe = built(tmp_path, READER)
    end, other = os.pipe()
    os.write(other, b"text\n")
    os.close(other)
    done = twice(tmp_path, exe, end)
    os.close(end)
    assert done.returncode == 3 and done.stderr.count("a pipe cannot be read again") == 1, done
    with exe.open() as text:
        assert "cannot be read again" not in twice(tmp_path, exe, text).stderr


def test_a_program_that_cannot_be_started_is_told_of_once(tmp_path):
    done = twice(tmp_path, tmp_path / "nothing")
    assert done.returncode == 127 and done.stderr.count("nothing") == 1, done

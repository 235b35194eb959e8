# SPDX-License-Identifier: MIT
"""Signals that are ours, on stacks that a program made for its own handlers and no larger than those need."""
import pytest

from harness import only_trace, preload, preloaded, report, run, victim

VICTIM = victim("small_signal_stacks")


def looked_at(way, box, **settings):
    """The victim bare, and the victim while it is looked at."""
    return run([VICTIM, way]), preloaded([VICTIM, way, "asked"], box, settings={"report": "none", **settings})


def test_our_handler_writes_nothing_below_an_alternate_stack_that_has_room_for_the_kernels_frame_alone(box):
    bare, done = looked_at("smallest", box)
    assert (done.status, done.stdout) == (0, b"smallest\nbelow 0\n") == (bare.status, bare.stdout), done
    assert report(only_trace(box))["summary"]["scan"]["done"]


def test_a_signal_that_ends_a_program_with_the_smallest_alternate_stack_ends_it_with_a_report(box):
    """Below that stack is no memory."""
    bare = run([VICTIM, "killed"])
    done = run([VICTIM, "killed", "asked"], preload(box))
    assert done.status == bare.status == 143 and "LEAK: " in done.text and "SIGTERM" in done.text, done


WAYS = ["in a handler", "nested", "reads its mask", "jumps out", "swaps", "starts a thread", "threads"]


@pytest.mark.parametrize("way", ["tiny", *WAYS, "executes", "forks", "ends meanwhile"])
def test_a_program_whose_handlers_have_no_room_for_ours_prints_and_ends_as_without_us(way, box):
    """Its own masks too are as without us, in handlers, after them, and in what it starts from them."""
    bare, done = looked_at(way, box)
    assert (done.status, done.stdout) == (bare.status, bare.stdout) and bare.status == 0, done


@pytest.mark.parametrize("way", WAYS)
def test_a_request_that_comes_in_a_handler_without_room_is_answered_after_it(way, box):
    done = run([VICTIM, way, "inside"], preload(box, report="signal"))
    assert done.status == 0 and "LEAK: " in done.text and "leakshim: trace" in done.text, done


SPINNING = """
#define _GNU_SOURCE
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>
static __thread sigjmp_buf out;
static __thread ucontext_t inner, outer;
static __thread volatile int way;
static volatile int is_over;
static void spin(void) { for (volatile int i = 0; i < 20000; i++); }
static void handler(int number)
{
	spin();
	free(malloc((size_t)number));
	if (way == 1 || way == 2) siglongjmp(out, 1);
	if (way == 3) swapcontext(&outer, &inner);
	spin();
}
static void other(void) { for (;;) spin(), swapcontext(&inner, &outer); }
static void *work(void *seed)
{
	unsigned next = (unsigned)(size_t)seed;
	char *area = mmap(0, 1 << 17, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	mprotect(area, 1 << 16, PROT_NONE);
	stack_t stack = {.ss_sp = area + (1 << 16), .ss_size = sysconf(_SC_MINSIGSTKSZ) + 2600};
	sigaltstack(&stack, 0);
	getcontext(&inner);
	inner.uc_stack = (stack_t){.ss_sp = malloc(1 << 16), .ss_size = 1 << 16};
	makecontext(&inner, other, 0);
	for (int i = 0; i < ROUNDS && !is_over; i++) {
		sigset_t set;
		way = rand_r(&next) % 4;
		if (way == 1 ? !sigsetjmp(out, 1) : way == 2 ? !sigsetjmp(out, 0) : 1) raise(way == 2 ? SIGWINCH : SIGURG);
		pthread_sigmask(SIG_BLOCK, 0, &set);
		for (int number = 1; number < 65; number++) if (sigismember(&set, number) == 1) printf("way %d blocks %d\\n", way, number);
	}
	is_over = 1;
	return 0;
}
int main(void)
{
	struct sigaction action = {.sa_handler = handler, .sa_flags = SA_ONSTACK};
	pthread_t thread[3];
	sigaction(SIGURG, &action, 0);
	action.sa_flags |= SA_NODEFER;
	sigaction(SIGWINCH, &action, 0);
	for (size_t i = 0; i < 3; i++) pthread_create(&thread[i], 0, work, (void *)i);
	while (!is_over) {
		usleep(2000);
		for (int i = 0; i < 3 && getenv("LD_PRELOAD"); i++) pthread_kill(thread[i], SIGUSR1);
	}
	for (int i = 0; i < 3; i++) pthread_join(thread[i], 0);
	return puts("done") < 0;
}
"""


def test_handlers_that_return_jump_and_swap_meet_requests_at_every_instruction(box):
    source = box / "spinning.c"
    source.write_text(SPINNING)
    assert run(["cc", "-O1", "-pthread", "-Wl,-z,now", "-DROUNDS=3000", "-o", box / "spinning", source]).status == 0
    done = preloaded([box / "spinning"], box, settings={"report": "none", "age": 0})
    assert (done.status, done.stdout) == (0, b"done\n"), done


NESTING = """
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
static volatile int depth, most;
static void handler(int number) { if (++depth > most) most = depth; if (depth < 2) raise(number); depth--; }
int main(void)
{
	stack_t stack = {.ss_sp = malloc(16384), .ss_size = 16384};
	struct sigaction action = {.sa_handler = handler, .sa_flags = SA_NODEFER | SA_ONSTACK};
	sigaltstack(&stack, 0);
	sigaction(SIGUSR1, &action, 0);
	raise(SIGUSR1);
	printf("depth %d\\n", most);
	return 7;
}
"""


def test_a_program_that_takes_our_signal_itself_and_lets_it_nest_on_a_small_stack_does_not_hang(box):
    source = box / "nesting.c"
    source.write_text(NESTING)
    assert run(["cc", "-D_GNU_SOURCE", "-o", box / "nesting", source]).status == 0
    done = run([box / "nesting"], preload(box, report="none"), timeout=20)
    assert done.status == 7 and "depth 2" in str(done.stdout), done


TAKING = """
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
static volatile int got, at_once, blocked;
static void ours(int number) { got += number == SIGUSR1; }
static void handler(int number)
{
	struct sigaction action = {.sa_handler = ours};
	sigset_t set;
	(void)number;
	if (BY_SIGNAL) signal(SIGUSR1, ours);
	else sigaction(SIGUSR1, &action, 0);
	raise(SIGUSR1);
	at_once = got;
	sigprocmask(SIG_BLOCK, 0, &set);
	for (int i = 1; i < 65; i++) blocked += sigismember(&set, i) == 1;
}
int main(void)
{
	stack_t stack = {.ss_sp = malloc(16384), .ss_size = 16384};
	struct sigaction action = {.sa_handler = handler, .sa_flags = SA_ONSTACK};
	sigset_t set;
	sigaltstack(&stack, 0);
	sigaction(SIGUSR2, &action, 0);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	if (IS_BLOCKED) sigprocmask(SIG_BLOCK, &set, 0);
	raise(SIGUSR2);
	printf("%d at once, %d blocked there\\n", at_once, blocked);
	if (IS_BLOCKED) sigprocmask(SIG_UNBLOCK, &set, 0);
	printf("%d at the end\\n", got);
	return 7;
}
"""


@pytest.mark.parametrize("by_signal", [0, 1])
@pytest.mark.parametrize("is_blocked", [0, 1])
def test_a_handler_on_a_small_stack_that_takes_our_signal_gets_it_there_unless_the_program_blocks_it(box, by_signal, is_blocked):
    source = box / "taking.c"
    source.write_text(TAKING)
    flags = ["-D_GNU_SOURCE", f"-DBY_SIGNAL={by_signal}", f"-DIS_BLOCKED={is_blocked}"]
    assert run(["cc", *flags, "-o", box / "taking", source]).status == 0
    bare, done = run([box / "taking"]), run([box / "taking"], preload(box, report="none"), timeout=20)
    assert (done.status, done.stdout) == (bare.status, bare.stdout) == (7, bare.stdout), (bare, done)

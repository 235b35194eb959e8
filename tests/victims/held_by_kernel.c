/* SPDX-License-Identifier: MIT */
/* A block that only the kernel knows (argv[1]), or "lost" (argv[2]). */
#include "holder.h"
#include <semaphore.h>
#include <linux/io_uring.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>

static const char *way;
static sem_t is_set;

static void set_signal_stack(int is_by_number)
{
	static __thread stack_t stack = {.ss_size = 65536};
	static char other[65536];

	hidden_size = sizeof other;
	hold(&stack.ss_sp, 0);
	if (is_lost) stack.ss_sp = other;
	if (is_by_number ? syscall(SYS_sigaltstack, &stack, 0) : sigaltstack(&stack, 0)) exit(1);
	memset(&stack, 0, sizeof stack);
	stack.ss_flags = SS_DISABLE;
	if (!strcmp(way, "signal stack given back") && sigaltstack(&stack, 0)) exit(1);
	scrub();
}

static void *have_signal_stack(void *none)
{
	set_signal_stack(0);
	sem_post(&is_set);
	pause();
	return none;
}

static void *had_signal_stack(void *none)
{
	set_signal_stack(0);
	return none;
}

static int register_buffer(void)
{
	static struct io_uring_params parameters;
	static struct iovec buffer = {.iov_len = 1000};
	static char other[1000];
	long ring = syscall(SYS_io_uring_setup, 4, &parameters);

	if (ring < 0) return 77;
	hold(&buffer.iov_base, 0);
	if (is_lost) buffer.iov_base = other;
	if (syscall(SYS_io_uring_register, ring, IORING_REGISTER_BUFFERS, &buffer, 1)) return 77;
	buffer.iov_base = 0;
	scrub();
	return 0;
}

int main(int argc, char **argv)
{
	static struct epoll_event event = {.events = EPOLLIN};
	static struct sigevent signal_event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR2};
	static char message[24];
	int ends[2], set = epoll_create1(0);
	timer_t timer;

	pthread_t thread;

	way = argv[1];
	is_lost = argc > 2 && !strcmp(argv[2], "lost");
	if (!strcmp(way, "registered buffer")) return register_buffer();
	if (!strncmp(way, "signal stack", 12)) {
		if (!strcmp(way, "signal stack of a thread")) {
			pthread_create(&thread, 0, have_signal_stack, 0);
			sem_wait(&is_set);
		} else if (!strcmp(way, "signal stack of an ended thread")) {
			pthread_create(&thread, 0, had_signal_stack, 0);
			pthread_join(thread, 0);
		} else {
			set_signal_stack(!strcmp(way, "signal stack by number"));
		}
		return 0;
	}
	if (pipe(ends)) return 1;
	hold(&event.data.ptr, 0);
	signal_event.sigev_value.sival_ptr = event.data.ptr;
	memcpy(message + 4, &event.data.ptr, 8);
	if (!strcmp(way, "epoll")) epoll_ctl(set, EPOLL_CTL_ADD, ends[0], &event);
	if (!strcmp(way, "timer")) timer_create(CLOCK_MONOTONIC, &signal_event, &timer);
	if (!strcmp(way, "pipe") && write(ends[1], message, sizeof message) < 0) return 1;
	if (!strcmp(way, "eventfd") && write(eventfd(0, 0), &event.data.ptr, 8) < 0) return 1;
	event.data.ptr = signal_event.sigev_value.sival_ptr = 0;
	memset(message, 0, sizeof message);
	scrub();
	return 0;
}

/* SPDX-License-Identifier: MIT */
/* A block that only the kernel knows (argv[1]), or "lost" (argv[2]). */
#include "holder.h"
#include <sys/epoll.h>
#include <time.h>

int main(int argc, char **argv)
{
	const char *way = argv[1];
	static struct epoll_event event = {.events = EPOLLIN};
	static struct sigevent signal_event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR2};
	static char message[24];
	int ends[2], set = epoll_create1(0);
	timer_t timer;

	is_lost = argc > 2 && !strcmp(argv[2], "lost");
	if (pipe(ends)) return 1;
	hold(&event.data.ptr, 0);
	signal_event.sigev_value.sival_ptr = event.data.ptr;
	memcpy(message + 4, &event.data.ptr, 8);
	if (!strcmp(way, "epoll")) epoll_ctl(set, EPOLL_CTL_ADD, ends[0], &event);
	if (!strcmp(way, "timer")) timer_create(CLOCK_MONOTONIC, &signal_event, &timer);
	if (!strcmp(way, "pipe") && write(ends[1], message, sizeof message) < 0) return 1;
	event.data.ptr = signal_event.sigev_value.sival_ptr = 0;
	memset(message, 0, sizeof message);
	scrub();
	return 0;
}

/* SPDX-License-Identifier: MIT */
/* A block whose only pointer is in a register that a call must keep, while its thread waits in the
 * call of argv[1]; main calls exit(). Or "lost" (argv[2]). */
#include "holder.h"
#include <poll.h>
#include <semaphore.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/socket.h>

static int ends[2], set, listener;
static const char *way;
static volatile int ready;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
static sem_t semaphore;
static pthread_t first;

static __attribute__((noinline)) void wait_in_call(void)
{
	static char buffer[8];
	static struct epoll_event event;
	static struct pollfd one;
	static fd_set fds;

	ready = 1;
	one = (struct pollfd){ends[0], POLLIN, 0};
	FD_SET(ends[0], &fds);
	if (!strcmp(way, "read") && read(ends[0], buffer, 8) < 0) return;
	if (!strcmp(way, "poll")) poll(&one, 1, -1);
	if (!strcmp(way, "epoll_wait")) epoll_wait(set, &event, 1, -1);
	if (!strcmp(way, "select")) select(ends[0] + 1, &fds, 0, 0, 0);
	if (!strcmp(way, "accept")) accept(listener, 0, 0);
	if (!strcmp(way, "recv")) recv(listener, buffer, 8, 0);
	if (!strcmp(way, "pause")) pause();
	if (!strcmp(way, "usleep")) usleep(100000000);
	if (!strcmp(way, "condition")) pthread_cond_wait(&condition, &mutex);
	if (!strcmp(way, "semaphore")) sem_wait(&semaphore);
	if (!strcmp(way, "mutex")) pthread_mutex_lock(&mutex);
	if (!strcmp(way, "join")) pthread_join(first, 0);
}

static void *body(void *unused)
{
	uintptr_t hidden = is_lost ? ~(uintptr_t)0 : make_hidden();

	scrub();
	__asm__ volatile("mov %0, %%rbx; not %%rbx; xor %0, %0; call *%1" : "+r"(hidden) : "r"(wait_in_call)
			 : "rbx", "rax", "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11", "memory");
	return unused;
}

int main(int argc, char **argv)
{
	pthread_t thread;

	way = argv[1];
	first = pthread_self();
	if (!strcmp(way, "mutex")) pthread_mutex_lock(&mutex);
	is_lost = argc > 2 && !strcmp(argv[2], "lost");
	if (is_lost) make_hidden();
	set = epoll_create1(0);
	listener = socket(AF_UNIX, strcmp(way, "accept") ? SOCK_DGRAM : SOCK_STREAM, 0);
	bind(listener, &(struct sockaddr){AF_UNIX, ""}, sizeof(sa_family_t));
	if (!strcmp(way, "accept")) listen(listener, 1);
	if (pipe(ends) || pthread_create(&thread, 0, body, 0)) return 1;
	while (!ready) usleep(1000);
	usleep(50000);
	exit(0);
}

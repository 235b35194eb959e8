/* SPDX-License-Identifier: MIT */
/* Lets go of open files and says "wrong" if they are still there afterwards: "WAY SECONDS FILE [HOW]" with WAY epoll, pipe, flock
 * or listen. HOW exit: a thread goes on with it while the process ends; fork: a child does it. No look may make a difference. */
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static int wrong, rounds, set, ends[2];
static double seconds;
static const char *file;

static void use_epoll(void)
{
	struct epoll_event event = {.events = EPOLLIN, .data.u32 = 1};
	int fd[2];

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, fd)) abort();
	epoll_ctl(set, EPOLL_CTL_ADD, fd[0], &event);
	close(fd[1]);
	close(fd[0]);
	wrong += epoll_wait(set, &event, 1, 0) == 1; /* of what is closed */
}

static void use_pipe(void)
{
	char c;

	if (pipe2(ends, O_NONBLOCK)) abort();
	dup2(0, ends[1]); /* closes it */
	wrong += read(ends[0], &c, 1) != 0; /* its end, at once */
	close(ends[1]);
	close(ends[0]);
}

static void use_flock(void)
{
	FILE *first = fopen(file, "w");
	int other = open(file, O_RDWR);

	if (!first || flock(fileno(first), LOCK_EX)) abort();
	fclose(first);
	wrong += flock(other, LOCK_EX | LOCK_NB) != 0;
	close(other);
}

static void use_listen(void)
{
	static struct sockaddr_in at = {.sin_family = AF_INET};
	socklen_t size = sizeof at;
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	at.sin_addr.s_addr = htonl(0x7f400000u | ((unsigned)getpid() & 0xffffu)); /* nobody else takes a port there meanwhile */
	if (bind(fd, (struct sockaddr *)&at, sizeof at)) wrong++;
	else if (listen(fd, 1) || getsockname(fd, (struct sockaddr *)&at, &size)) abort();
	close(fd);
}

static void *work(void *use)
{
	struct timespec start, now;
	int was_wrong = 0;

	clock_gettime(CLOCK_MONOTONIC, &start);
	do {
		((void (*)(void))use)();
		rounds++;
		if (wrong && !was_wrong)
			was_wrong = write(1, "wrong\n", 6) > 0;
		clock_gettime(CLOCK_MONOTONIC, &now);
	} while ((double)(now.tv_sec - start.tv_sec) + (double)(now.tv_nsec - start.tv_nsec) / 1e9 < seconds);
	return 0;
}

int main(int argc, char **argv)
{
	const char *way = argv[1], *how = argc > 4 ? argv[4] : "";
	void (*use)(void) = !strcmp(way, "epoll") ? use_epoll : !strcmp(way, "pipe") ? use_pipe :
			    !strcmp(way, "flock") ? use_flock : use_listen;
	pthread_t thread;

	seconds = atof(argv[2]);
	file = argv[3];
	set = epoll_create1(0);
	if (!malloc(100) || (!strcmp(how, "fork") && fork())) return 0;
	pthread_create(&thread, 0, work, (void *)use);
	if (!strcmp(how, "exit")) {
		usleep(10000);
		return 0;
	}
	pthread_join(thread, 0);
	printf("%d wrong of %d\n", wrong, rounds);
	return wrong != 0;
}

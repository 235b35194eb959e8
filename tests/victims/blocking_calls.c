/* SPDX-License-Identifier: MIT */
/* Sits in the blocking call named in argv[1] until something happens after 0.6 seconds, and prints what it returned.
 * Nobody may see that it was looked at meanwhile. Without arguments it lists the calls. */
#include <aio.h>
#include <linux/futex.h>
#include <mqueue.h>
#include <poll.h>
#include <semaphore.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/msg.h>
#include <sys/select.h>
#include <sys/sem.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <threads.h>
#include "victim.h"

#define AFTER_US 600000
#define MUCH (1 << 20)

static int pair[2], pipes[2], queue, sems, lock, child;
static sem_t *posted;
static mqd_t messages;
static const struct timespec length = {0, AFTER_US * 1000};
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t condition = PTHREAD_COND_INITIALIZER;

static struct timespec later(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	t.tv_nsec += AFTER_US * 1000;
	t.tv_sec += t.tv_nsec / 1000000000;
	t.tv_nsec %= 1000000000;
	return t;
}

static int ready_fd(void) { return pipes[0]; }
static void nothing(int number) { (void)number; }
static void on_alarm(void) { signal(SIGALRM, nothing); setitimer(ITIMER_REAL, &(struct itimerval){.it_value = {0, AFTER_US}}, 0); }

static struct timespec began;
/* A wait for a length of time: what it returned, unless it was over too early. */
static long timed(long result)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (now.tv_sec - began.tv_sec) * 1000000 + (now.tv_nsec - began.tv_nsec) / 1000 < AFTER_US - 1000 ? -99 : result;
}

static long do_read(void) { char c; return read(pipes[0], &c, 1); }
static long do_readv(void) { char c; struct iovec v = {&c, 1}; return readv(pipes[0], &v, 1); }
static long do_write(void) { return write(pipes[1], "x", 1); }
static long do_recv(void) { char c; return recv(pair[0], &c, 1, 0); }
static long do_recvfrom(void) { char c; return recvfrom(pair[0], &c, 1, 0, 0, 0); }
static long do_recvmsg(void)
{
	char c;
	struct iovec v = {&c, 1};
	struct msghdr m = {.msg_iov = &v, .msg_iovlen = 1};
	return recvmsg(pair[0], &m, 0);
}
static long do_recv_with_timeout(void)
{
	char c;
	int other[2];
	struct timeval t = {0, AFTER_US};
	socketpair(AF_UNIX, SOCK_STREAM, 0, other);
	setsockopt(other[0], SOL_SOCKET, SO_RCVTIMEO, &t, sizeof t);
	return recv(other[0], &c, 1, 0);
}
static long do_accept(void)
{
	int s = socket(AF_UNIX, SOCK_STREAM, 0);
	struct timeval t = {0, AFTER_US};
	struct sockaddr_un { sa_family_t family; char path[108]; } a = {AF_UNIX, ""};
	snprintf(a.path + 1, sizeof a.path - 1, "leakshim-%d", getpid());
	bind(s, (struct sockaddr *)&a, sizeof a);
	listen(s, 1);
	setsockopt(s, SOL_SOCKET, SO_RCVTIMEO, &t, sizeof t);
	return accept(s, 0, 0);
}
static long do_poll(void) { struct pollfd p = {ready_fd(), POLLIN, 0}; return poll(&p, 1, -1); }
static long do_poll_with_timeout(void) { return timed(poll(0, 0, AFTER_US / 1000)); }
extern int __poll_chk(struct pollfd *set, nfds_t count, int timeout, size_t size);
static long do_poll_of_fortified(void) { struct pollfd p = {0, 0, 0}; return timed(__poll_chk(&p, 0, AFTER_US / 1000, sizeof p)); }
static long do_ppoll_with_timeout(void) { return timed(ppoll(0, 0, &length, 0)); }
static long do_select_with_timeout(void)
{
	struct timeval t = {0, AFTER_US};
	long result = timed(select(0, 0, 0, 0, &t));
	return result ? result : t.tv_sec * 1000000 + t.tv_usec;
}
static long do_pselect_with_timeout(void) { return timed(pselect(0, 0, 0, 0, &length, 0)); }
static long do_ppoll(void) { struct pollfd p = {ready_fd(), POLLIN, 0}; return ppoll(&p, 1, 0, 0); }
static long do_select(void) { fd_set s; FD_ZERO(&s); FD_SET(ready_fd(), &s); return select(ready_fd() + 1, &s, 0, 0, 0); }
static long do_pselect(void) { fd_set s; FD_ZERO(&s); FD_SET(ready_fd(), &s); return pselect(ready_fd() + 1, &s, 0, 0, 0, 0); }
static int an_epoll(void)
{
	int e = epoll_create1(0);
	epoll_ctl(e, EPOLL_CTL_ADD, ready_fd(), &(struct epoll_event){.events = EPOLLIN});
	return e;
}
static long do_epoll_wait(void) { struct epoll_event v; return epoll_wait(an_epoll(), &v, 1, -1); }
static long do_epoll_wait_with_timeout(void) { struct epoll_event v; return timed(epoll_wait(epoll_create1(0), &v, 1, AFTER_US / 1000)); }
static long do_epoll_wait_by_number(void)
{
	struct epoll_event v;
	return timed(syscall(SYS_epoll_pwait, epoll_create1(0), &v, 1, AFTER_US / 1000, 0, 8));
}
static long do_nanosleep_by_number(void) { return timed(syscall(SYS_nanosleep, &length, 0)); }
static long do_futex_by_number(void) { int word = 1; return timed(syscall(SYS_futex, &word, FUTEX_WAIT, 1, &length, 0, 0)); }
static long do_io_getevents_by_number(void)
{
	unsigned long queue_of = 0;
	struct { long word[4]; } event;
	if (syscall(SYS_io_setup, 1, &queue_of)) return -1;
	return timed(syscall(SYS_io_getevents, queue_of, 1, 1, &event, &length));
}
/* A system call without libc, as some languages make them. */
static long do_epoll_wait_inline(void)
{
	struct epoll_event v;
	long result, e = an_epoll();
	register long r10 __asm__("r10") = -1;
	__asm__ volatile("mov %1, %%eax; syscall" : "=&a"(result) : "i"(SYS_epoll_wait), "D"(e), "S"(&v), "d"(1l), "r"(r10)
			 : "rcx", "r11", "memory");
	return result;
}
static long do_epoll_pwait(void) { struct epoll_event v; return epoll_pwait(an_epoll(), &v, 1, -1, 0); }
static long do_nanosleep(void)
{
	struct timespec left = {9, 9};
	long result = timed(nanosleep(&length, &left));
	return left.tv_sec == 9 && left.tv_nsec == 9 ? result : -98;
}
static long do_clock_nanosleep(void) { return timed(clock_nanosleep(CLOCK_MONOTONIC, 0, &length, 0)); }
static long do_thrd_sleep(void) { return timed(thrd_sleep(&length, 0)); }
static long do_clock_nanosleep_until(void) { struct timespec t = later(); return clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, &t, 0); }
static long do_usleep(void) { return timed(usleep(AFTER_US)); }
static long do_sleep(void) { return timed((long)sleep(1)); }
static long do_sem_wait(void) { return sem_wait(posted); }
static long do_sem_timedwait(void) { struct timespec t = later(); t.tv_sec += 60; return sem_timedwait(posted, &t); }
static long do_semop(void) { struct sembuf b = {0, -1, 0}; return semop(sems, &b, 1); }
static long do_semtimedop(void) { struct sembuf b = {0, -9, 0}; return timed(semtimedop(sems, &b, 1, &length)); }
static long do_aio_suspend(void)
{
	static char c;
	static struct aiocb a = {.aio_buf = &c, .aio_nbytes = 1};
	const struct aiocb *list[] = {&a};
	a.aio_fildes = pipes[0];
	return aio_read(&a) ? -1 : aio_suspend(list, 1, 0);
}
static char much[MUCH];
/* Transfers that are to be whole: the other side takes its time, or gives the first half early. */
static long slowly(long (*transfer)(int))
{
	int other[2];
	socketpair(AF_UNIX, SOCK_STREAM, 0, other);
	if (!fork()) {
		close(other[0]);
		for (int i = 0; i < 60; i++) usleep(AFTER_US / 60), (void)!read(other[1], much, MUCH / 60);
		while (read(other[1], much, 4096) > 0) ;
		_exit(0);
	}
	close(other[1]);
	return transfer(other[0]);
}
static long by_write(int fd) { return write(fd, much, MUCH); }
static long by_send(int fd) { return send(fd, much, MUCH, 0); }
static struct iovec halves[] = {{much, MUCH / 3}, {much, MUCH - MUCH / 3}};
static long by_writev(int fd) { return writev(fd, halves, 2); }
static long by_sendmsg(int fd) { return sendmsg(fd, &(struct msghdr){.msg_iov = halves, .msg_iovlen = 2}, 0); }
static long do_write_much(void) { return slowly(by_write); }
static long do_send_much(void) { return slowly(by_send); }
static long do_writev_much(void) { return slowly(by_writev); }
static long do_sendmsg_much(void) { return slowly(by_sendmsg); }
static long do_recv_all(void)
{
	int other[2];
	socketpair(AF_UNIX, SOCK_STREAM, 0, other);
	if (!fork()) {
		close(other[0]);
		for (int i = 0; i < 10; i++) (void)!write(other[1], much, 100), usleep(AFTER_US / 10);
		_exit(0);
	}
	return recv(other[0], much, 1000, MSG_WAITALL);
}
static long do_msgrcv(void) { struct { long type; char text[8]; } m; return msgrcv(queue, &m, sizeof m.text, 0, 0); }
static long do_mq_receive(void) { char text[64]; return mq_receive(messages, text, sizeof text, 0); }
static long do_cond_timedwait(void)
{
	struct timespec t = later();
	pthread_mutex_lock(&mutex);
	return pthread_cond_timedwait(&condition, &mutex, &t);
}
static long do_flock(void) { return flock(lock, LOCK_EX); }
static long do_fcntl(void) { struct flock l = {.l_type = F_WRLCK, .l_len = 1}; return fcntl(lock, F_SETLKW, &l); }
static sigset_t one(int number) { sigset_t s; sigemptyset(&s); sigaddset(&s, number); return s; }
static long do_sigwaitinfo(void) { sigset_t s = one(SIGUSR2); return sigwaitinfo(&s, 0); }
static long do_sigtimedwait(void) { sigset_t s = one(SIGWINCH); return timed(sigtimedwait(&s, 0, &length)); }
static long do_waitpid(void) { return waitpid(child, 0, 0) == child; }
static long do_wait(void) { long got = wait(0); return got == child ? 1 : got; }
static long do_waitid(void) { siginfo_t i; return waitid(P_PID, (id_t)child, &i, WEXITED); }
static long do_pause(void) { on_alarm(); return pause(); }
static long do_sigsuspend(void) { sigset_t s = one(SIGUSR2); on_alarm(); return sigsuspend(&s); }
static volatile sig_atomic_t children_ended;
static void count_child(int number) { (void)number; children_ended++; }
/* How many ends of children it is told of while its only one lives. */
static long do_sigchld(void)
{
	struct timespec until = later();
	until.tv_nsec -= 100000000;
	if (until.tv_nsec < 0) until.tv_sec--, until.tv_nsec += 1000000000;
	signal(SIGCHLD, count_child);
	while (clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, &until, 0) == EINTR) ;
	return children_ended;
}
/* Handlers of the program that are to end a call go on doing so. */
static void start_alarm(void)
{
	struct sigaction a = {.sa_handler = nothing};
	sigaction(SIGALRM, &a, 0);
	setitimer(ITIMER_REAL, &(struct itimerval){.it_value = {0, AFTER_US}}, 0);
}
static long do_read_until_alarm(void) { char c; int other[2]; if (pipe(other)) return 0; start_alarm(); return timed(read(other[0], &c, 1)); }
static long do_poll_until_alarm(void) { start_alarm(); return timed(poll(0, 0, -1)); }
static long do_sleep_until_alarm(void) { start_alarm(); return timed((long)sleep(3) > 0); }
static long do_fgetc(void) { FILE *f = fdopen(pipes[0], "r"); return fgetc(f); }

/* One whose number no wrapper knows and the code does not say: whoever asks must have looked. */
static long do_epoll_wait_of_another_language(void)
{
	static volatile long number = SYS_epoll_wait;
	struct epoll_event v;
	long result, e = an_epoll();
	register long r10 __asm__("r10") = -1;
	__asm__ volatile("syscall" : "=a"(result) : "a"(number), "D"(e), "S"(&v), "d"(1l), "r"(r10) : "rcx", "r11", "memory");
	return result;
}

#define LISTED ((int)(sizeof calls / sizeof *calls) - 1) /* all but the last */
static const struct { const char *name; long (*run)(void); } calls[] = {
#define ENTRY(name) {#name, do_##name}
	ENTRY(read), ENTRY(readv), ENTRY(write), ENTRY(recv), ENTRY(recvfrom), ENTRY(recvmsg), ENTRY(recv_with_timeout),
	ENTRY(accept), ENTRY(poll), ENTRY(poll_with_timeout), ENTRY(ppoll), ENTRY(select), ENTRY(pselect), ENTRY(epoll_wait),
	ENTRY(epoll_wait_with_timeout), ENTRY(epoll_pwait), ENTRY(nanosleep), ENTRY(clock_nanosleep),
	ENTRY(clock_nanosleep_until), ENTRY(usleep), ENTRY(sleep), ENTRY(sem_wait), ENTRY(sem_timedwait), ENTRY(semop),
	ENTRY(msgrcv), ENTRY(mq_receive), ENTRY(cond_timedwait), ENTRY(flock), ENTRY(fcntl), ENTRY(sigwaitinfo),
	ENTRY(poll_of_fortified), ENTRY(ppoll_with_timeout), ENTRY(select_with_timeout), ENTRY(pselect_with_timeout),
	ENTRY(epoll_wait_by_number), ENTRY(nanosleep_by_number), ENTRY(futex_by_number), ENTRY(io_getevents_by_number),
	ENTRY(epoll_wait_inline), ENTRY(thrd_sleep), ENTRY(semtimedop), ENTRY(aio_suspend), ENTRY(write_much),
	ENTRY(send_much), ENTRY(writev_much), ENTRY(sendmsg_much), ENTRY(recv_all), ENTRY(read_until_alarm),
	ENTRY(poll_until_alarm), ENTRY(sleep_until_alarm),
	ENTRY(sigtimedwait), ENTRY(waitpid), ENTRY(wait), ENTRY(waitid), ENTRY(pause), ENTRY(sigsuspend), ENTRY(fgetc), ENTRY(sigchld),
	ENTRY(epoll_wait_of_another_language),
};

/* What everybody waits for. */
static int happen(const char *call)
{
	struct { long type; char text[8]; } message = {1, "hello"};
	char drained[1 << 16];

	signal(SIGUSR1, SIG_IGN);
	usleep(AFTER_US);
	sem_post(posted);
	msgsnd(queue, &message, sizeof message.text, 0);
	if (messages != (mqd_t)-1) mq_send(messages, "x", 1, 0);
	semop(sems, &(struct sembuf){0, 1, 0}, 1);
	kill(getppid(), SIGUSR2);
	if (!strcmp(call, "write"))
		return read(pipes[0], drained, sizeof drained) <= 0;
	return write(pair[1], "x", 1) != 1 || write(pipes[1], "x", 1) != 1; /* the end drops the locks */
}

static void prepare(const char *call)
{
	sigset_t usr2 = one(SIGUSR2), winch = one(SIGWINCH);
	char name[64], path[] = "/tmp/leakshim-victim-XXXXXX";

	sigprocmask(SIG_BLOCK, &usr2, 0);
	sigprocmask(SIG_BLOCK, &winch, 0);
	posted = mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	sem_init(posted, 1, 0);
	queue = msgget(IPC_PRIVATE, 0600);
	sems = semget(IPC_PRIVATE, 1, 0600);
	snprintf(name, sizeof name, "/leakshim-%d", getpid());
	messages = mq_open(name, O_CREAT | O_RDWR | O_EXCL, 0600, &(struct mq_attr){.mq_maxmsg = 1, .mq_msgsize = 64});
	mq_unlink(name);
	lock = mkstemp(path);
	if (pipe(pipes) || socketpair(AF_UNIX, SOCK_STREAM, 0, pair))
		exit(2);
	if (!strcmp(call, "write")) {
		fcntl(pipes[1], F_SETFL, O_NONBLOCK);
		while (write(pipes[1], "x", 1) == 1) ;
		fcntl(pipes[1], F_SETFL, 0);
	}
	child = fork();
	if (!child) {
		int again = open(path, O_RDWR);
		flock(again, LOCK_EX);
		fcntl(again, F_SETLK, &(struct flock){.l_type = F_WRLCK, .l_len = 1});
		kill(getppid(), SIGWINCH);
		_exit(happen(call));
	}
	sigwaitinfo(&winch, 0); /* the child has the locks */
	unlink(path);
}

int main(int argc, char **argv)
{
	for (int i = 0; i < (argc < 2 ? LISTED : LISTED + 1); i++) {
		if (argc < 2) {
			puts(calls[i].name);
		} else if (!strcmp(argv[1], calls[i].name)) {
			prepare(argv[1]);
			puts("ready");
			fflush(stdout);
			errno = 0;
			clock_gettime(CLOCK_MONOTONIC, &began);
			long result = calls[i].run();
			printf("%s: %ld, errno %d\n", argv[1], result, result < 0 ? errno : 0);
			msgctl(queue, IPC_RMID, 0);
			semctl(sems, 0, IPC_RMID);
		}
	}
	return 0;
}

/* SPDX-License-Identifier: MIT */
/*
 * The calls in which threads wait: each puts the registers that it must keep on its stack, where a
 * look at the waiting thread finds them. libc's own functions leave them in registers across the
 * system call, and nobody but ptrace can read those.
 *
 * Nothing else happens here: same arguments, result, errno and cancellation.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "blocking.h"
#include "real.h"
#include "sys.h"
#include "rules.h"

#define API __attribute__((visibility("default")))

/* fallback: what to do before the real function is known, and where there is none */
#define CALL(type, name, parameters, arguments, fallback)                                          \
	static type(*real_##name) parameters;                                                      \
	API type name parameters                                                                   \
	{                                                                                          \
		type result;                                                                       \
                                                                                                   \
		__builtin_unwind_init();                                                           \
		result = __builtin_expect(real_##name != 0, 1) ? real_##name arguments : fallback;   \
		__asm__ volatile("" : : : "memory"); /* the frame stays until here */               \
		return result;                                                                     \
	}

static long answer(long result)
{
	if (!sys_failed(result))
		return result;
	errno = (int)-result;
	return -1;
}

#define RAW(number, ...) answer(sys_host6(number, __VA_ARGS__))

CALL(ssize_t, read, (int fd, void *to, size_t size), (fd, to, size),
     RAW(SYS_read, fd, (long)to, (long)size, 0, 0, 0))
CALL(ssize_t, readv, (int fd, const struct iovec *to, int count), (fd, to, count),
     RAW(SYS_readv, fd, (long)to, count, 0, 0, 0))
CALL(ssize_t, recv, (int fd, void *to, size_t size, int flags), (fd, to, size, flags),
     RAW(SYS_recvfrom, fd, (long)to, (long)size, flags, 0, 0))
CALL(ssize_t, recvfrom,
     (int fd, void *__restrict to, size_t size, int flags, __SOCKADDR_ARG from, socklen_t *__restrict length),
     (fd, to, size, flags, from, length),
     RAW(SYS_recvfrom, fd, (long)to, (long)size, flags, (long)from.__sockaddr__, (long)length))
CALL(ssize_t, recvmsg, (int fd, struct msghdr *message, int flags), (fd, message, flags),
     RAW(SYS_recvmsg, fd, (long)message, flags, 0, 0, 0))
CALL(int, accept, (int fd, __SOCKADDR_ARG from, socklen_t *__restrict length), (fd, from, length),
     (int)RAW(SYS_accept, fd, (long)from.__sockaddr__, (long)length, 0, 0, 0))
CALL(int, accept4, (int fd, __SOCKADDR_ARG from, socklen_t *__restrict length, int flags), (fd, from, length, flags),
     (int)RAW(SYS_accept4, fd, (long)from.__sockaddr__, (long)length, flags, 0, 0))
CALL(int, poll, (struct pollfd *set, nfds_t count, int timeout), (set, count, timeout),
     (int)RAW(SYS_poll, (long)set, (long)count, timeout, 0, 0, 0))
CALL(int, ppoll, (struct pollfd *set, nfds_t count, const struct timespec *timeout, const sigset_t *mask),
     (set, count, timeout, mask), (int)RAW(SYS_ppoll, (long)set, (long)count, (long)timeout, (long)mask, 8, 0))
CALL(int, epoll_wait, (int fd, struct epoll_event *events, int most, int timeout), (fd, events, most, timeout),
     (int)RAW(SYS_epoll_wait, fd, (long)events, most, timeout, 0, 0))
CALL(int, epoll_pwait, (int fd, struct epoll_event *events, int most, int timeout, const sigset_t *mask),
     (fd, events, most, timeout, mask),
     (int)RAW(SYS_epoll_pwait, fd, (long)events, most, timeout, (long)mask, 8))
CALL(int, select,
     (int count, fd_set *__restrict readable, fd_set *__restrict writable, fd_set *__restrict odd,
      struct timeval *__restrict timeout),
     (count, readable, writable, odd, timeout),
     (int)RAW(SYS_select, count, (long)readable, (long)writable, (long)odd, (long)timeout, 0))
CALL(int, usleep, (useconds_t us), (us),
     (int)RAW(SYS_nanosleep, (long)(&(struct timespec){us / 1000000, (long)(us % 1000000) * 1000}), 0, 0, 0, 0, 0))
CALL(unsigned, sleep, (unsigned seconds), (seconds),
     (unsigned)(RAW(SYS_nanosleep, (long)(&(struct timespec){seconds, 0}), 0, 0, 0, 0, 0) ? seconds : 0))
CALL(int, nanosleep, (const struct timespec *length, struct timespec *left), (length, left),
     (int)RAW(SYS_nanosleep, (long)length, (long)left, 0, 0, 0, 0))
CALL(int, clock_nanosleep, (clockid_t clock, int flags, const struct timespec *length, struct timespec *left),
     (clock, flags, length, left),
     (int)-sys_host6(SYS_clock_nanosleep, clock, flags, (long)length, (long)left, 0, 0))
CALL(pid_t, waitpid, (pid_t pid, int *status, int options), (pid, status, options),
     (pid_t)RAW(SYS_wait4, pid, (long)status, options, 0, 0, 0))
CALL(pid_t, wait4, (pid_t pid, int *status, int options, struct rusage *usage), (pid, status, options, usage),
     (pid_t)RAW(SYS_wait4, pid, (long)status, options, (long)usage, 0, 0))
CALL(int, pause, (void), (), (int)RAW(SYS_pause, 0, 0, 0, 0, 0, 0))
CALL(int, sigsuspend, (const sigset_t *mask), (mask), (int)RAW(SYS_rt_sigsuspend, (long)mask, 8, 0, 0, 0, 0))
CALL(int, sigwaitinfo, (const sigset_t *__restrict set, siginfo_t *__restrict info), (set, info),
     (int)RAW(SYS_rt_sigtimedwait, (long)set, (long)info, 0, 8, 0, 0))
CALL(int, sigtimedwait,
     (const sigset_t *__restrict set, siginfo_t *__restrict info, const struct timespec *__restrict timeout),
     (set, info, timeout), (int)RAW(SYS_rt_sigtimedwait, (long)set, (long)info, (long)timeout, 8, 0, 0))

void blocking_start(void)
{
#define FIND(name) real_##name = (__typeof__(real_##name))real_next(#name)
	FIND(read);
	FIND(readv);
	FIND(recv);
	FIND(recvfrom);
	FIND(recvmsg);
	FIND(accept);
	FIND(accept4);
	FIND(poll);
	FIND(ppoll);
	FIND(epoll_wait);
	FIND(epoll_pwait);
	FIND(select);
	FIND(usleep);
	FIND(sleep);
	FIND(nanosleep);
	FIND(clock_nanosleep);
	FIND(waitpid);
	FIND(wait4);
	FIND(pause);
	FIND(sigsuspend);
	FIND(sigwaitinfo);
	FIND(sigtimedwait);
#undef FIND
}

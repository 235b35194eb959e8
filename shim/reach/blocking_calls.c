/* SPDX-License-Identifier: MIT */
/*
 * The calls in which threads wait, as the program calls them. Laws in blocking.h.
 *
 * Each puts the registers that it must keep on its stack: libc's own functions leave them in registers across the
 * system call, and nobody but ptrace can read those.
 */
#include <aio.h>
#include <errno.h>
#include <poll.h>
#include <semaphore.h>
#include <signal.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/msg.h>
#include <sys/select.h>
#include <sys/sem.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <threads.h>
#include <time.h>
#include <unistd.h>

#include "blocking.h"
#include "loaded.h"
#include "real.h"
#include "scanner.h"
#include "sys.h"
#include "rules.h"

#define API __attribute__((visibility("default")))
#define LIKELY(x) __builtin_expect(!!(x), 1)
#define SYS_EPOLL_PWAIT2 441
#define PIECES 64 /* of a vector whose rest is transferred */

static long answer(long result)
{
	if (!sys_failed(result))
		return result;
	errno = (int)-result;
	return -1;
}

#define RAW(number, ...) answer(sys_host6(number, __VA_ARGS__))

/* In a libc of before 2.34 some lie in a library that comes later. */
static __attribute__((noinline)) int find_late(void **function, const char *name)
{
	if (real_ready())
		*function = loaded_next(name);
	return *function != 0;
}

/* Only a peek may say the same again. */
static int is_filled(int flags)
{
	return (flags & (MSG_WAITALL | MSG_PEEK)) == MSG_WAITALL;
}

static int missing(void)
{
	errno = ENOSYS;
	return -1;
}

/* The real function, or what to do where there is none. */
#define REAL(name, arguments, fallback)                                                            \
	(LIKELY(real_##name != 0) || find_late((void **)&real_##name, #name) ? real_##name arguments : fallback)

#define BEGIN(is_timed)                                                                            \
	struct blocking b;                                                                         \
												   \
	__builtin_unwind_init();                                                                   \
	blocking_begin(&b, __builtin_frame_address(0), is_timed)

#define IS_AGAIN(result) (__builtin_expect((result) == -1, 0) && errno == EINTR && blocking_again(&b))

#define END(result)                                                                                \
	do {                                                                                       \
		blocking_frame = b.outer;                                                          \
		__asm__ volatile("" : : : "memory"); /* the frame stays until here */              \
		return result;                                                                     \
	} while (0)

/* A call that is made again with `change` to its arguments. */
#define CALL_TIMED(type, name, parameters, arguments, fallback, is_timed, change)                  \
	static type(*real_##name) parameters;                                                      \
	API type name parameters                                                                   \
	{                                                                                          \
		type result;                                                                       \
		BEGIN(is_timed);                                                                   \
												   \
		while (result = REAL(name, arguments, fallback), IS_AGAIN(result))                 \
			change;                                                                    \
		END(result);                                                                       \
	}

#define CALL(type, name, parameters, arguments, fallback)                                          \
	CALL_TIMED(type, name, parameters, arguments, fallback, 0, (void)0)

/* timeout: in milliseconds, an argument of that name */
#define CALL_MS(type, name, parameters, arguments, fallback)                                       \
	static type(*real_##name) parameters;                                                      \
	API type name parameters                                                                   \
	{                                                                                          \
		int given = timeout;                                                               \
		type result;                                                                       \
		BEGIN(given > 0);                                                                  \
												   \
		while (result = REAL(name, arguments, fallback), IS_AGAIN(result))                 \
			timeout = given > 0 ? left_ms(&b, given) : given;                          \
		END(result);                                                                       \
	}

/* timeout: a length, an argument of that name */
#define CALL_FOR(type, name, parameters, arguments, fallback)                                      \
	static type(*real_##name) parameters;                                                      \
	API type name parameters                                                                   \
	{                                                                                          \
		__typeof__(timeout) given = timeout;                                               \
		struct timespec rest;                                                              \
		type result;                                                                       \
		BEGIN(given != 0);                                                                 \
												   \
		while (result = REAL(name, arguments, fallback), IS_AGAIN(result))                 \
			timeout = given ? left_of(&b, given, &rest) : given;                       \
		END(result);                                                                       \
	}

static int left_ms(const struct blocking *b, int given)
{
	return (int)((blocking_left(b, (uint64_t)given * 1000000) + 999999) / 1000000);
}

static struct timespec as_timespec(uint64_t ns)
{
	return (struct timespec){(time_t)(ns / 1000000000), (long)(ns % 1000000000)};
}

static struct timespec *left_of(const struct blocking *b, const struct timespec *given, struct timespec *rest)
{
	*rest = as_timespec(blocking_left(b, (uint64_t)given->tv_sec * 1000000000 + (uint64_t)given->tv_nsec));
	return rest;
}

CALL(ssize_t, readv, (int fd, const struct iovec *to, int count), (fd, to, count),
     RAW(SYS_readv, fd, (long)to, count, 0, 0, 0))
CALL(ssize_t, read, (int fd, void *to, size_t size), (fd, to, size), RAW(SYS_read, fd, (long)to, (long)size, 0, 0, 0))
API ssize_t __read_chk(int fd, void *to, size_t size, size_t room);
CALL(ssize_t, __read_chk, (int fd, void *to, size_t size, size_t room), (fd, to, size, room), read(fd, to, size))
CALL(ssize_t, recvmsg, (int fd, struct msghdr *message, int flags), (fd, message, flags),
     RAW(SYS_recvmsg, fd, (long)message, flags, 0, 0, 0))
CALL(int, accept, (int fd, __SOCKADDR_ARG from, socklen_t *__restrict length), (fd, from, length),
     (int)RAW(SYS_accept, fd, (long)from.__sockaddr__, (long)length, 0, 0, 0))
CALL(int, accept4, (int fd, __SOCKADDR_ARG from, socklen_t *__restrict length, int flags), (fd, from, length, flags),
     (int)RAW(SYS_accept4, fd, (long)from.__sockaddr__, (long)length, flags, 0, 0))
CALL(int, connect, (int fd, __CONST_SOCKADDR_ARG to, socklen_t length), (fd, to, length),
     (int)RAW(SYS_connect, fd, (long)to.__sockaddr__, length, 0, 0, 0))

CALL_MS(int, poll, (struct pollfd *set, nfds_t count, int timeout), (set, count, timeout),
	(int)RAW(SYS_poll, (long)set, (long)count, timeout, 0, 0, 0))
API int __poll_chk(struct pollfd *set, nfds_t count, int timeout, size_t room);
CALL_MS(int, __poll_chk, (struct pollfd *set, nfds_t count, int timeout, size_t room), (set, count, timeout, room),
	poll(set, count, timeout))
CALL_FOR(int, ppoll, (struct pollfd *set, nfds_t count, const struct timespec *timeout, const sigset_t *mask),
	 (set, count, timeout, mask), (int)RAW(SYS_ppoll, (long)set, (long)count, (long)timeout, (long)mask, 8, 0))
API int __ppoll_chk(struct pollfd *set, nfds_t count, const struct timespec *timeout, const sigset_t *mask, size_t room);
CALL_FOR(int, __ppoll_chk,
	 (struct pollfd *set, nfds_t count, const struct timespec *timeout, const sigset_t *mask, size_t room),
	 (set, count, timeout, mask, room), ppoll(set, count, timeout, mask))
CALL_MS(int, epoll_wait, (int fd, struct epoll_event *events, int most, int timeout), (fd, events, most, timeout),
	(int)RAW(SYS_epoll_wait, fd, (long)events, most, timeout, 0, 0))
CALL_MS(int, epoll_pwait, (int fd, struct epoll_event *events, int most, int timeout, const sigset_t *mask),
	(fd, events, most, timeout, mask), (int)RAW(SYS_epoll_pwait, fd, (long)events, most, timeout, (long)mask, 8))
API int epoll_pwait2(int fd, struct epoll_event *events, int most, const struct timespec *timeout, const sigset_t *mask);
CALL_FOR(int, epoll_pwait2,
	 (int fd, struct epoll_event *events, int most, const struct timespec *timeout, const sigset_t *mask),
	 (fd, events, most, timeout, mask),
	 (int)RAW(SYS_EPOLL_PWAIT2, fd, (long)events, most, (long)timeout, (long)mask, 8))
CALL_FOR(int, pselect,
	 (int count, fd_set *__restrict readable, fd_set *__restrict writable, fd_set *__restrict odd,
	  const struct timespec *__restrict timeout, const __sigset_t *__restrict mask),
	 (count, readable, writable, odd, timeout, mask), missing())

/* Linux takes from the timeout what has passed; where a libc hides that, the clock tells. */
static struct timeval *left_to_select(const struct blocking *b, struct timeval *timeout, const struct timeval *before,
				      struct timeval *rest)
{
	if (timeout->tv_sec != before->tv_sec || timeout->tv_usec != before->tv_usec)
		return timeout;
	uint64_t left = blocking_left(b, (uint64_t)before->tv_sec * 1000000000 + (uint64_t)before->tv_usec * 1000);

	*rest = (struct timeval){(time_t)(left / 1000000000), (suseconds_t)(left % 1000000000 / 1000)};
	return rest;
}

static int (*real_select)(int, fd_set *, fd_set *, fd_set *, struct timeval *);
API int select(int count, fd_set *__restrict readable, fd_set *__restrict writable, fd_set *__restrict odd,
	       struct timeval *__restrict timeout)
{
	struct timeval before = {0, 0}, rest, *now = timeout;
	int result;
	BEGIN(timeout != 0);

	if (timeout)
		before = *timeout;
	while (result = REAL(select, (count, readable, writable, odd, now),
			     (int)RAW(SYS_select, count, (long)readable, (long)writable, (long)odd, (long)now, 0)),
	       IS_AGAIN(result))
		now = timeout ? left_to_select(&b, timeout, &before, &rest) : 0;
	END(result);
}

static int (*real_nanosleep)(const struct timespec *, struct timespec *);
API int nanosleep(const struct timespec *length, struct timespec *left)
{
	struct timespec rest = {0, 0}, now;
	int result;
	BEGIN(0);

	while (result = REAL(nanosleep, (length, &rest), (int)RAW(SYS_nanosleep, (long)length, (long)&rest, 0, 0, 0, 0)),
	       IS_AGAIN(result)) {
		now = rest;
		length = &now;
	}
	if (left && result == -1 && errno == EINTR)
		*left = rest;
	END(result);
}

static int (*real_clock_nanosleep)(clockid_t, int, const struct timespec *, struct timespec *);
API int clock_nanosleep(clockid_t clock, int flags, const struct timespec *length, struct timespec *left)
{
	struct timespec rest = {0, 0}, now;
	int result, is_length = !(flags & TIMER_ABSTIME);
	BEGIN(0);

	while (result = REAL(clock_nanosleep, (clock, flags, length, is_length ? &rest : left),
			     (int)-sys_host6(SYS_clock_nanosleep, clock, flags, (long)length,
					     (long)(is_length ? &rest : left), 0, 0)),
	       result == EINTR && blocking_again(&b)) {
		now = rest;
		length = is_length ? &now : length;
	}
	if (left && is_length && result == EINTR)
		*left = rest;
	END(result);
}

static int (*real_thrd_sleep)(const struct timespec *, struct timespec *);
API int thrd_sleep(const struct timespec *length, struct timespec *left)
{
	struct timespec rest = {0, 0}, now;
	int result;
	BEGIN(0);

	while (result = REAL(thrd_sleep, (length, &rest), (int)RAW(SYS_nanosleep, (long)length, (long)&rest, 0, 0, 0, 0)),
	       result == -1 && blocking_again(&b)) {
		now = rest;
		length = &now;
	}
	if (left && result == -1)
		*left = rest;
	END(result);
}

static int (*real_usleep)(useconds_t);
API int usleep(useconds_t us)
{
	struct timespec length = as_timespec((uint64_t)us * 1000);
	useconds_t given = us;
	int result;
	BEGIN(1);

	while (result = REAL(usleep, (us), (int)RAW(SYS_nanosleep, (long)&length, 0, 0, 0, 0, 0)), IS_AGAIN(result))
		us = (useconds_t)((blocking_left(&b, (uint64_t)given * 1000) + 999) / 1000);
	END(result);
}

static unsigned (*real_sleep)(unsigned);
API unsigned sleep(unsigned seconds)
{
	struct timespec rest = {seconds, 0};
	unsigned result;
	BEGIN(1);

	result = REAL(sleep, (seconds), RAW(SYS_nanosleep, (long)&rest, (long)&rest, 0, 0, 0, 0) ? (unsigned)rest.tv_sec : 0);
	uint64_t left = blocking_left(&b, (uint64_t)seconds * 1000000000);
	if (left && blocking_again(&b)) { /* libc says whole seconds, which may be none */
		rest = as_timespec(left);
		result = nanosleep(&rest, &rest) ? (unsigned)rest.tv_sec : 0;
	}
	END(result);
}

/* Whoever waits for threads too, as debuggers do, may meet a scanning process. */
#define IS_OURS(pid) (__builtin_expect((pid) > 0 && options & (__WALL | __WCLONE), 0) && scanner_met((uint32_t)(pid)))

#define CALL_CHILD(type, name, parameters, arguments, fallback, pid_met)                           \
	static type(*real_##name) parameters;                                                      \
	API type name parameters                                                                   \
	{                                                                                          \
		type result;                                                                       \
		BEGIN(0);                                                                          \
												   \
		while (result = REAL(name, arguments, fallback), IS_AGAIN(result) || IS_OURS(pid_met)) \
			continue;                                                                  \
		END(result);                                                                       \
	}

CALL_CHILD(pid_t, waitpid, (pid_t pid, int *status, int options), (pid, status, options),
	   (pid_t)RAW(SYS_wait4, pid, (long)status, options, 0, 0, 0), result)
CALL_CHILD(pid_t, wait4, (pid_t pid, int *status, int options, struct rusage *usage), (pid, status, options, usage),
	   (pid_t)RAW(SYS_wait4, pid, (long)status, options, (long)usage, 0, 0), result)
CALL_CHILD(int, waitid, (idtype_t kind, id_t id, siginfo_t *info, int options), (kind, id, info, options),
	   (int)RAW(SYS_waitid, kind, id, (long)info, options, 0, 0), (!result && info ? info->si_pid : 0))
CALL(int, pause, (void), (), (int)RAW(SYS_pause, 0, 0, 0, 0, 0, 0))
CALL(int, sigsuspend, (const sigset_t *mask), (mask), (int)RAW(SYS_rt_sigsuspend, (long)mask, 8, 0, 0, 0, 0))
CALL(int, sigwaitinfo, (const sigset_t *__restrict set, siginfo_t *__restrict info), (set, info),
     (int)RAW(SYS_rt_sigtimedwait, (long)set, (long)info, 0, 8, 0, 0))
CALL_FOR(int, sigtimedwait,
	 (const sigset_t *__restrict set, siginfo_t *__restrict info, const struct timespec *__restrict timeout),
	 (set, info, timeout), (int)RAW(SYS_rt_sigtimedwait, (long)set, (long)info, (long)timeout, 8, 0, 0))

CALL(int, sem_timedwait, (sem_t *__restrict sem, const struct timespec *__restrict until), (sem, until), missing())
API int sem_clockwait(sem_t *__restrict sem, clockid_t clock, const struct timespec *__restrict until);
CALL(int, sem_clockwait, (sem_t *__restrict sem, clockid_t clock, const struct timespec *__restrict until),
     (sem, clock, until), missing())
CALL(int, semop, (int set, struct sembuf *what, size_t count), (set, what, count),
     (int)RAW(SYS_semop, set, (long)what, (long)count, 0, 0, 0))
CALL_FOR(int, semtimedop, (int set, struct sembuf *what, size_t count, const struct timespec *timeout),
	 (set, what, count, timeout), (int)RAW(SYS_semtimedop, set, (long)what, (long)count, (long)timeout, 0, 0))
CALL(int, msgsnd, (int queue, const void *message, size_t size, int flags), (queue, message, size, flags),
     (int)RAW(SYS_msgsnd, queue, (long)message, (long)size, flags, 0, 0))
CALL(ssize_t, msgrcv, (int queue, void *message, size_t size, long type, int flags), (queue, message, size, type, flags),
     RAW(SYS_msgrcv, queue, (long)message, (long)size, type, flags, 0))
CALL_FOR(int, aio_suspend, (const struct aiocb *const list[], int count, const struct timespec *__restrict timeout),
	 (list, count, timeout), missing())

/* libaio's: says the error itself. */
API int io_getevents(void *queue, long least, long most, void *events, struct timespec *timeout);
static int (*real_io_getevents)(void *, long, long, void *, struct timespec *);
API int io_getevents(void *queue, long least, long most, void *events, struct timespec *timeout)
{
	struct timespec rest, *given = timeout;
	int result;
	BEGIN(given != 0);

	while (result = REAL(io_getevents, (queue, least, most, events, timeout),
			     (int)sys_host6(SYS_io_getevents, (long)queue, least, most, (long)events, (long)timeout, 0)),
	       result == -EINTR && blocking_again(&b))
		timeout = given ? left_of(&b, given, &rest) : 0;
	END(result);
}

/* A transfer that is to be whole: what our handler cut short goes on. `done` names what was transferred, in the arguments. */
#define CALL_WHOLE(name, parameters, arguments, fallback, size, is_whole)                          \
	static ssize_t(*real_##name) parameters;                                                   \
	API ssize_t name parameters                                                                \
	{                                                                                          \
		size_t done = 0;                                                                   \
		ssize_t result;                                                                    \
		BEGIN(0);                                                                          \
												   \
		for (;;) {                                                                         \
			result = REAL(name, arguments, fallback);                                  \
			if (result > 0)                                                            \
				done += (size_t)result;                                            \
			if (result > 0 ? !(is_whole) || done >= (size) || !blocking_goes_on(&b) : !IS_AGAIN(result)) \
				break;                                                             \
		}                                                                                  \
		if (done && result <= 0) {                                                         \
			errno = b.saved;                                                           \
			result = 0;                                                                \
		}                                                                                  \
		END(done ? (ssize_t)done : result);                                                \
	}

CALL_WHOLE(write, (int fd, const void *from, size_t size), (fd, (const char *)from + done, size - done),
	   RAW(SYS_write, fd, (long)((const char *)from + done), (long)(size - done), 0, 0, 0), size, 1)
CALL_WHOLE(send, (int fd, const void *from, size_t size, int flags), (fd, (const char *)from + done, size - done, flags),
	   RAW(SYS_sendto, fd, (long)((const char *)from + done), (long)(size - done), flags, 0, 0), size, 1)
CALL_WHOLE(sendto, (int fd, const void *from, size_t size, int flags, __CONST_SOCKADDR_ARG to, socklen_t length),
	   (fd, (const char *)from + done, size - done, flags, to, length),
	   RAW(SYS_sendto, fd, (long)((const char *)from + done), (long)(size - done), flags, (long)to.__sockaddr__, length),
	   size, 1)
CALL_WHOLE(recv, (int fd, void *to, size_t size, int flags), (fd, (char *)to + done, size - done, flags),
	   RAW(SYS_recvfrom, fd, (long)((char *)to + done), (long)(size - done), flags, 0, 0), size, is_filled(flags))
CALL_WHOLE(recvfrom,
	   (int fd, void *__restrict to, size_t size, int flags, __SOCKADDR_ARG from, socklen_t *__restrict length),
	   (fd, (char *)to + done, size - done, flags, from, length),
	   RAW(SYS_recvfrom, fd, (long)((char *)to + done), (long)(size - done), flags, (long)from.__sockaddr__, (long)length),
	   size, is_filled(flags))
API ssize_t __recv_chk(int fd, void *to, size_t size, size_t room, int flags);
CALL_WHOLE(__recv_chk, (int fd, void *to, size_t size, size_t room, int flags),
	   (fd, (char *)to + done, size - done, room - done, flags), recv(fd, (char *)to + done, size - done, flags), size,
	   is_filled(flags))
API ssize_t __recvfrom_chk(int fd, void *__restrict to, size_t size, size_t room, int flags, __SOCKADDR_ARG from,
			   socklen_t *__restrict length);
CALL_WHOLE(__recvfrom_chk,
	   (int fd, void *__restrict to, size_t size, size_t room, int flags, __SOCKADDR_ARG from,
	    socklen_t *__restrict length),
	   (fd, (char *)to + done, size - done, room - done, flags, from, length),
	   recvfrom(fd, (char *)to + done, size - done, flags, from, length), size, is_filled(flags))

static size_t vector_size(const struct iovec *from, int count)
{
	size_t size = 0;

	for (int i = 0; i < count; i++)
		size += from[i].iov_len;
	return size;
}

/* Copies what is left of a vector. Returns the pieces, 0: they are too many. */
static int vector_rest(struct iovec rest[PIECES], const struct iovec *from, int count, size_t done)
{
	int used = 0;

	while (count && done >= from->iov_len) {
		done -= from->iov_len;
		from++;
		count--;
	}
	if (count > PIECES)
		return 0;
	for (; used < count; used++)
		rest[used] = from[used];
	if (used) {
		rest[0].iov_base = (char *)rest[0].iov_base + done;
		rest[0].iov_len -= done;
	}
	return used;
}

static ssize_t (*real_writev)(int, const struct iovec *, int);

/* The rest of a vector that our handler cut short. */
static __attribute__((noinline)) size_t write_rest(struct blocking *b, int fd, const struct iovec *from, int count,
						   size_t done)
{
	size_t size = vector_size(from, count);
	struct iovec rest[PIECES];
	ssize_t result = 1;

	while (result > 0 && done < size && blocking_goes_on(b)) {
		int pieces = vector_rest(rest, from, count, done);

		if (!pieces)
			break;
		do
			result = real_writev ? real_writev(fd, rest, pieces) : 0;
		while (result == -1 && errno == EINTR && blocking_again(b));
		done += result > 0 ? (size_t)result : 0;
	}
	errno = b->saved;
	return done;
}

API ssize_t writev(int fd, const struct iovec *from, int count)
{
	ssize_t result;
	BEGIN(0);

	while (result = REAL(writev, (fd, from, count), RAW(SYS_writev, fd, (long)from, count, 0, 0, 0)), IS_AGAIN(result))
		continue;
	if (result > 0 && __builtin_expect(blocking_frame != b.frame, 0))
		result = (ssize_t)write_rest(&b, fd, from, count, (size_t)result);
	END(result);
}

static ssize_t (*real_sendmsg)(int, const struct msghdr *, int);

static __attribute__((noinline)) size_t send_rest(struct blocking *b, int fd, const struct msghdr *message, int flags,
						  size_t done)
{
	int count = (int)message->msg_iovlen; /* with musl what lies above is padding */
	size_t size = vector_size(message->msg_iov, count);
	struct iovec rest[PIECES];
	struct msghdr now = {.msg_iov = rest}; /* what goes with it went with the first part */
	ssize_t result = 1;

	while (result > 0 && done < size && blocking_goes_on(b)) {
		now.msg_iovlen = (size_t)vector_rest(rest, message->msg_iov, count, done);
		if (!now.msg_iovlen)
			break;
		do
			result = real_sendmsg ? real_sendmsg(fd, &now, flags) : 0;
		while (result == -1 && errno == EINTR && blocking_again(b));
		done += result > 0 ? (size_t)result : 0;
	}
	errno = b->saved;
	return done;
}

API ssize_t sendmsg(int fd, const struct msghdr *message, int flags)
{
	ssize_t result;
	BEGIN(0);

	while (result = REAL(sendmsg, (fd, message, flags), RAW(SYS_sendmsg, fd, (long)message, flags, 0, 0, 0)),
	       IS_AGAIN(result))
		continue;
	if (result > 0 && __builtin_expect(blocking_frame != b.frame, 0))
		result = (ssize_t)send_rest(&b, fd, message, flags, (size_t)result);
	END(result);
}

void blocking_start(void)
{
#define FIND(name) real_##name = (__typeof__(real_##name))loaded_next(#name)
	FIND(read);
	FIND(__read_chk);
	FIND(readv);
	FIND(recv);
	FIND(__recv_chk);
	FIND(recvfrom);
	FIND(__recvfrom_chk);
	FIND(recvmsg);
	FIND(accept);
	FIND(accept4);
	FIND(connect);
	FIND(poll);
	FIND(__poll_chk);
	FIND(ppoll);
	FIND(__ppoll_chk);
	FIND(epoll_wait);
	FIND(epoll_pwait);
	FIND(epoll_pwait2);
	FIND(select);
	FIND(pselect);
	FIND(usleep);
	FIND(sleep);
	FIND(nanosleep);
	FIND(clock_nanosleep);
	FIND(thrd_sleep);
	FIND(waitpid);
	FIND(wait4);
	FIND(waitid);
	FIND(pause);
	FIND(sigsuspend);
	FIND(sigwaitinfo);
	FIND(sigtimedwait);
	FIND(sem_timedwait);
	FIND(sem_clockwait);
	FIND(semop);
	FIND(semtimedop);
	FIND(msgsnd);
	FIND(msgrcv);
	FIND(aio_suspend);
	FIND(io_getevents);
	FIND(write);
	FIND(send);
	FIND(sendto);
	FIND(writev);
	FIND(sendmsg);
#undef FIND
	blocking_syscalls();
}

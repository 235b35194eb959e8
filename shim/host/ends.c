/* SPDX-License-Identifier: MIT */
/*
 * The calls by which a process ends or changes itself: note it in the trace, then let it happen.
 *
 * exit() and return from main arrive by an exit handler that is registered before all
 * others, so it runs after every other handler and destructor.
 */
#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/auxv.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "blocking.h"
#include "closing.h"
#include "crowded.h"
#include "guard.h"
#include "modules.h"
#include "loaded.h"
#include "own.h"
#include "process.h"
#include "real.h"
#include "signals.h"
#include "stack.h"
#include "state.h"
#include "sys.h"
#include "thread.h"
#include "handles.h"
#include "joins.h"
#include "limits.h"
#include "rules.h"

#define API __attribute__((visibility("default")))

/* What is live where the function that this is used in was called: its caller's stack, and the
 * registers that it must keep, which are spilled just below the frame pointer. */
#define KEPT_REGISTERS 5
#define HERE()                                                                                     \
	({                                                                                         \
		__builtin_unwind_init();                                                           \
		(struct snapshot_here){                                                            \
			.sp = (uintptr_t)__builtin_frame_address(0) - 8 * KEPT_REGISTERS};          \
	})

#define ARGUMENTS_MOST 4096 /* few enough to lie on the stack */

static int quick_status;

/* The call of exit() or quick_exit() that is under way, if it came through us. */
static struct {
	uint32_t tid;
	int status;
	struct snapshot_here here;
} called;

static int ends_by_destructor;

static void note_call(const struct snapshot_here *here, int status)
{
	called.status = status;
	called.tid = own_tid();
	called.here = *here;
}

/* libc called exit() itself: because main returned, the last thread ended, or in err() and the
 * like. The stack tells: the first frame outside libc and us is where the program stands, unless
 * that is the outermost one, which is _start. */
static struct snapshot_here look_outward(const uintptr_t *frame)
{
	struct snapshot_here here = {.sp = (uintptr_t)frame};
	struct thread *t = thread_enter((uintptr_t)frame, 0);

	if (!t)
		return here;
	uint32_t node = stack_capture(&t->stack, frame[1], (uintptr_t)(frame + 2), frame[0]);
	for (uint32_t n = node; n && t->stack.is_proper && !t->stack.is_cut; n = state_node(n)->parent) {
		uint32_t module = trace_node_module(state_node(n));
		uint32_t kind = module ? state_module(module)->kind : TRACE_MODULE_PLAIN;

		if (state_node(n)->parent == state.header->root) {
			here.main_over = 1;
			break;
		}
		if (kind != TRACE_MODULE_LIBC && kind != TRACE_MODULE_SHIM && kind != TRACE_MODULE_LOADER)
			break;
	}
	thread_leave(t);
	return here;
}

static struct snapshot_here where(const uintptr_t *frame)
{
	if (called.tid && called.tid == own_tid())
		return called.here;
	return look_outward(frame);
}

static void at_exit(int status, void *unused)
{
	struct snapshot_here here = where(__builtin_frame_address(0));

	(void)unused;
	process_finish(TRACE_END_EXIT, status, 1, &here);
}

static void at_quick(void)
{
	struct snapshot_here here = where(__builtin_frame_address(0));

	process_finish(TRACE_END_QUICK_EXIT, quick_status, 1, &here);
}

/* The next definitions. Looked up at the start: later another thread may hold the loader's lock,
 * for ever at an end, and in the child of a fork or vfork. */
static struct {
	void (*exit)(int) __attribute__((noreturn));
	void (*quick_exit)(int) __attribute__((noreturn));
	void (*abort)(void) __attribute__((noreturn));
	int (*execve)(const char *, char *const[], char *const[]);
	int (*execv)(const char *, char *const[]);
	int (*execvp)(const char *, char *const[]);
	int (*execvpe)(const char *, char *const[], char *const[]);
	int (*fexecve)(int, char *const[], char *const[]);
	int (*execveat)(int, const char *, char *const[], char *const[], int);
	int (*prctl)(int, unsigned long, unsigned long, unsigned long, unsigned long);
	int (*pthread_setname_np)(pthread_t, const char *);
} next;

static void look_up(void)
{
	if (!real_ready() || next.exit)
		return;
#define LOOK_UP(name) next.name = (__typeof__(next.name))real_next(#name)
	LOOK_UP(quick_exit);
	LOOK_UP(abort);
	LOOK_UP(execve);
	LOOK_UP(execv);
	LOOK_UP(execvp);
	LOOK_UP(execvpe);
	LOOK_UP(fexecve);
	LOOK_UP(execveat);
	LOOK_UP(prctl);
	LOOK_UP(pthread_setname_np);
	LOOK_UP(exit);
#undef LOOK_UP
}

/* Registers for the ends that libc itself brings about. musl does not say the status, and has no handler that runs after
 * the destructors, but ours is the last of those. */
static void register_ends(void)
{
	int (*on)(void (*)(int, void *), void *) = (int (*)(void (*)(int, void *), void *))real_next("on_exit");
	int (*quick)(void (*)(void *), void *) = (int (*)(void (*)(void *), void *))real_next("__cxa_at_quick_exit");
	int (*plain)(void (*)(void)) = quick ? 0 : (int (*)(void (*)(void)))real_next("at_quick_exit");

	ends_by_destructor = !on || on(at_exit, 0);
	if (quick)
		quick((void (*)(void *))at_quick, 0);
	else if (plain)
		plain(at_quick);
}

/* glibc hands a constructor what main gets, musl nothing: then environ leads to it, which follows it on the stack. */
static int is_mains(int argc, char **argv, char **envp)
{
	uintptr_t low = (uintptr_t)__builtin_frame_address(0), high = getauxval(AT_EXECFN);

	return argc >= 0 && (uintptr_t)argv > low && (uintptr_t)argv < high && !((uintptr_t)argv & 7) &&
	       envp == argv + argc + 1;
}

static void begin(int argc, char **argv, char **envp)
{
	char ***environment = is_mains(argc, argv, envp) ? 0 : loaded_next("__environ");

	if (environment && *environment) {
		envp = *environment;
		argc = 0;
		for (argv = envp - 1; (uintptr_t)argv[-1] != (uintptr_t)argc && argc < ARGUMENTS_MOST; argv--)
			argc++;
	}
	enum guard_start begun = guard_start(envp);
	look_up();
	blocking_start();
	closing_start();
	process_start(argc, argv, envp, begun);
	if (!state.tracing)
		return;
	joins_start();
	handles_start();
	register_ends();
	signals_start();
}

/* A program finds errno to be 0. */
static __attribute__((constructor)) void begin_quietly(int argc, char **argv, char **envp)
{
	int saved = errno;

	begin(argc, argv, envp);
	errno = saved;
}

static __attribute__((destructor)) void end(void)
{
	if (ends_by_destructor && state.tracing && state.header && !state.header->end)
		at_exit(called.tid ? called.status : TRACE_DETAIL_UNKNOWN, 0);
}

API void _exit(int status)
{
	struct snapshot_here here = HERE();

	process_finish(TRACE_END_FAST_EXIT, status, 1, &here);
	sys_leave(SYS_exit_group, status);
}

API void _Exit(int status)
{
	_exit(status);
}

API void exit(int status)
{
	struct snapshot_here here = HERE();

	note_call(&here, status);
	look_up();
	if (next.exit)
		next.exit(status);
	_exit(status);
}

API void quick_exit(int status)
{
	struct snapshot_here here = HERE();

	note_call(&here, status);
	quick_status = status;
	look_up();
	if (next.quick_exit)
		next.quick_exit(status);
	_exit(status);
}

API void abort(void)
{
	look_up();
	if (next.abort)
		next.abort();
	sys_leave(SYS_exit_group, 134);
}

/* Under a filter the program that follows is told whether it is harmless: in an environment of its own. */
#define EXEC(name, parameters, arguments, envp, with, with_arguments)                              \
	API int name parameters                                                                    \
	{                                                                                          \
		struct snapshot_here here = HERE();                                                \
		int r;                                                                             \
												   \
		look_up();                                                                         \
		if (!next.name) {                                                                  \
			errno = ENOSYS;                                                            \
			return -1;                                                                 \
		}                                                                                  \
		process_exec(&here);                                                               \
		limits_exec();                                                                     \
		uint64_t kept = crowded_exec();                                                    \
		size_t room = next.with ? guard_environment_room(envp) : 0;                        \
		if (room) {                                                                        \
			char **told = guard_environment(__builtin_alloca(room * sizeof *told), envp); \
												   \
			r = next.with with_arguments;                                              \
		} else {                                                                           \
			r = next.name arguments;                                                   \
		}                                                                                  \
		crowded_exec_failed(kept);                                                         \
		limits_exec_failed();                                                              \
		process_exec_failed();                                                             \
		return r;                                                                          \
	}

EXEC(execve, (const char *path, char *const argv[], char *const envp[]), (path, argv, envp), envp, execve,
     (path, argv, told))
EXEC(execv, (const char *path, char *const argv[]), (path, argv), environ, execve, (path, argv, told))
EXEC(execvp, (const char *file, char *const argv[]), (file, argv), environ, execvpe, (file, argv, told))
EXEC(execvpe, (const char *file, char *const argv[], char *const envp[]), (file, argv, envp), envp, execvpe,
     (file, argv, told))
EXEC(fexecve, (int fd, char *const argv[], char *const envp[]), (fd, argv, envp), envp, fexecve, (fd, argv, told))
EXEC(execveat, (int fd, const char *path, char *const argv[], char *const envp[], int flags),
     (fd, path, argv, envp, flags), envp, execveat, (fd, path, argv, told, flags))

/* execl, execlp, execle: the arguments are gathered on the stack, as libc does. */
#define EXEC_LIST(name, vector, has_environment)                                                   \
	API int name(const char *path, const char *first, ...)                                     \
	{                                                                                          \
		va_list list;                                                                      \
		size_t count = 1;                                                                  \
												   \
		va_start(list, first);                                                             \
		for (const char *a = first; a; a = va_arg(list, const char *))                     \
			count++;                                                                   \
		va_end(list);                                                                      \
		char **argv = __builtin_alloca(count * sizeof *argv);                              \
		argv[0] = (char *)first;                                                           \
		va_start(list, first);                                                             \
		for (size_t i = 1; i < count; i++)                                                 \
			argv[i] = va_arg(list, char *);                                            \
		char **envp = has_environment ? va_arg(list, char **) : 0;                         \
		va_end(list);                                                                      \
		(void)envp;                                                                        \
		return vector;                                                                     \
	}

EXEC_LIST(execl, execv(path, argv), 0)
EXEC_LIST(execlp, execvp(path, argv), 0)
EXEC_LIST(execle, execve(path, argv, envp), 1)

API int prctl(int option, ...)
{
	unsigned long a[4];
	va_list list;

	va_start(list, option);
	for (int i = 0; i < 4; i++)
		a[i] = va_arg(list, unsigned long);
	va_end(list);
	look_up();
	if (!next.prctl) {
		errno = ENOSYS;
		return -1;
	}
	struct guard_attempt attempt = {0};

	if (option == PR_SET_TSC && a[0] == PR_TSC_SIGSEGV)
		state_clock_without_counter();

	if (option == PR_SET_SECCOMP)
		attempt = guard_before(a[0] == 1, 0, a[0] == 1 ? 0 : (const void *)a[1]); /* SECCOMP_MODE_STRICT */
	int r = next.prctl(option, a[0], a[1], a[2], a[3]);
	if (option == PR_SET_SECCOMP)
		guard_after(&attempt, r);
	if (!r && option == PR_SET_NAME)
		thread_renamed((const char *)a[0]);
	return r;
}

API int pthread_setname_np(pthread_t thread, const char *name)
{
	look_up();
	if (!next.pthread_setname_np)
		next.pthread_setname_np = (int (*)(pthread_t, const char *))loaded_next("pthread_setname_np");
	if (!next.pthread_setname_np)
		return ENOSYS;
	int r = next.pthread_setname_np(thread, name);
	if (!r && pthread_equal(thread, pthread_self()))
		thread_renamed(name);
	return r;
}

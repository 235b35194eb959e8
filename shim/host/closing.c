/* SPDX-License-Identifier: MIT */
/*
 * The calls by which the program lets go of descriptors. When one returns, nobody else may hold the open file: a
 * process of ours that is leaving the table refers to it for an instant (clone.h), and is waited for.
 *
 * Nothing else happens here: same arguments, result, errno and cancellation.
 */
#include "closing.h"

#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "live.h"
#include "real.h"
#include "snapshot.h"
#include "state.h"
#include "sys.h"
#include "rules.h"

#define API __attribute__((visibility("default")))

static struct {
	int (*close)(int);
	int (*dup2)(int, int);
	int (*dup3)(int, int, int);
	int (*close_file)(void *);
	int (*close_range)(unsigned, unsigned, int);
	void (*closefrom)(int);
} next;

API int close(int fd);
API int dup2(int from, int to);
API int dup3(int from, int to, int flags);
API int close_range(unsigned first, unsigned last, int flags);
API void closefrom(int first);
API int closing_fclose(void *file) __asm__("fclose");

static int answer(long result)
{
	if (!sys_failed(result))
		return (int)result;
	errno = (int)-result;
	return -1;
}

static inline int closed(int result)
{
	if (__builtin_expect(__atomic_load_n(&snapshot_state.leaving, __ATOMIC_SEQ_CST) | live_state.cut, 0))
		snapshot_wait_for_files();
	return result;
}

int close(int fd)
{
	return closed(next.close ? next.close(fd) : answer(sys_host3(SYS_close, fd, 0, 0)));
}

int dup2(int from, int to)
{
	return closed(next.dup2 ? next.dup2(from, to) : answer(sys_host3(SYS_dup2, from, to, 0)));
}

int dup3(int from, int to, int flags)
{
	return closed(next.dup3 ? next.dup3(from, to, flags) : answer(sys_host3(SYS_dup3, from, to, flags)));
}

int close_range(unsigned first, unsigned last, int flags)
{
	return closed(next.close_range ? next.close_range(first, last, flags)
				       : answer(sys_host3(SYS_close_range, first, last, flags)));
}

void closefrom(int first)
{
	if (next.closefrom)
		next.closefrom(first);
	else
		sys_host3(SYS_close_range, first < 0 ? 0 : first, ~0u, 0);
	closed(0);
}

int closing_fclose(void *file)
{
	if (!next.close_file)
		next.close_file = (int (*)(void *))real_next("fclose");
	return next.close_file ? closed(next.close_file(file)) : -1;
}

void closing_start(void)
{
#define FIND(name, symbol) next.name = (__typeof__(next.name))real_next(symbol)
	FIND(close, "close");
	FIND(dup2, "dup2");
	FIND(dup3, "dup3");
	FIND(close_file, "fclose");
	FIND(close_range, "close_range");
	FIND(closefrom, "closefrom");
#undef FIND
}

/* SPDX-License-Identifier: MIT */
#include "requests.h"

#include <fcntl.h>
#include <string.h>

#include "sys.h"
#include "tasks.h"
#include "rules.h"

static uint32_t number(const char *text, const char *label)
{
	const char *at = strstr(text, label);

	if (!at)
		return 0;
	at += strlen(label);
	if (at[0] == '0' && at[1] == 'x') {
		at += 2;
		return (uint32_t)tasks_number(&at, 16);
	}
	return (uint32_t)tasks_number(&at, 10);
}

/* A request that answers many times has more results than requests: then nobody knows how many are under way. */
static int is_any_unseen(const char *text)
{
	uint32_t taken = number(text, "\nCachedSqHead:\t"), answered = number(text, "\nCachedCqTail:\t");

	return taken != answered && taken > number(text, "\nSqMask:\t") + 1;
}

void reach_requests_of_ring(struct reach_unread *unread, const char *path, char *buffer, uint32_t size)
{
	long fd = sys_call6(SYS_openat, AT_FDCWD, (long)path, O_RDONLY | O_CLOEXEC, 0, 0, 0);
	long n = sys_failed(fd) ? fd : sys_call3(SYS_read, fd, (long)buffer, size - 1);

	if (!sys_failed(fd))
		sys_call3(SYS_close, fd, 0, 0);
	buffer[n > 0 ? n : 0] = 0;
	if (n <= 0 || !strstr(buffer, "\nCachedCqTail:\t") || is_any_unseen(buffer))
		reach_unread_note(unread, TRACE_UNREAD_IO_URING, 0, 0, 0);
}

void reach_requests_of_aio(struct reach_unread *unread, const struct reach_maps *maps)
{
	for (uint32_t i = 0; i < maps->count; i++)
		if (!strncmp(maps->map[i].name, "/[aio]", 6))
			reach_unread_note(unread, TRACE_UNREAD_AIO, 0, 0, 0);
}

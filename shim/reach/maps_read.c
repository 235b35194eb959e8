/* SPDX-License-Identifier: MIT */
/* Reading the lists of /proc: maps, and smaps, which tells more. */
#include "maps.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sys.h"
#include "rules.h"

#define BUFFER (64u * 1024) /* longer than any line */

static int is_digit(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
}

static uint64_t hexadecimal(const char **at)
{
	uint64_t n = 0;

	for (; is_digit(**at); ++*at)
		n = n << 4 | (uint64_t)(**at <= '9' ? **at - '0' : **at - 'a' + 10);
	return n;
}

static uint64_t decimal(const char *at)
{
	uint64_t n = 0;

	while (*at == ' ')
		at++;
	for (; *at >= '0' && *at <= '9'; at++)
		n = n * 10 + (uint64_t)(*at - '0');
	return n;
}

static int starts(const char *text, const char *with)
{
	return !strncmp(text, with, strlen(with));
}

/* A file of a file system that is mounted below /dev, as hugetlbfs is, has nothing of a device; of one that was deleted
 * the flags of its mapping tell the rest. */
static int is_device(const char *path)
{
	struct stat status;
	size_t length = strlen(path);

	if (!sys_failed(sys_call3(SYS_stat, (long)path, (long)&status, 0)))
		return !S_ISREG(status.st_mode);
	return length < 10 || !starts(path + length - 10, " (deleted)");
}

static uint32_t path_flags(const char *path)
{
	if (starts(path, "[heap]"))
		return REACH_MAP_HEAP;
	if (starts(path, "[stack]"))
		return REACH_MAP_STACK;
	if (starts(path, "[v")) /* vvar, vdso, vsyscall */
		return REACH_MAP_DEVICE;
	if (starts(path, "/secretmem") || starts(path, "anon_inode:[io_uring]"))
		return REACH_MAP_STEADY;
	if (starts(path, "/sys/"))
		return REACH_MAP_DEVICE;
	if (starts(path, "/dev/") && !starts(path, "/dev/shm/") && !starts(path, "/dev/zero") && is_device(path))
		return REACH_MAP_DEVICE;
	return 0;
}

/* "start-end perm offset major:minor inode   path" */
static void parse_head(const char *at, struct reach_map *m)
{
	memset(m, 0, sizeof *m);
	m->resident = UINT64_MAX;
	m->start = hexadecimal(&at);
	at++;
	m->end = hexadecimal(&at);
	at++;
	m->flags |= at[0] == 'r' || at[1] == 'w' ? REACH_MAP_READ : REACH_MAP_FORCED; /* to write is to read */
	m->flags |= at[1] == 'w' ? REACH_MAP_WRITE : 0;
	m->flags |= at[3] == 's' ? REACH_MAP_SHARED : 0;
	at += 5;
	m->offset = hexadecimal(&at);
	at++;
	m->device = hexadecimal(&at) << 32;
	at++;
	m->device |= hexadecimal(&at);
	m->inode = decimal(at + 1);
	at++;
	while (*at >= '0' && *at <= '9')
		at++;
	while (*at == ' ')
		at++;
	m->flags |= path_flags(at) | (m->inode || m->device ? REACH_MAP_FILE : 0); /* the first segment of System V has inode 0 */
	size_t length = strlen(at);
	memcpy(m->name, at + (length < REACH_NAME ? 0 : length - REACH_NAME + 1),
	       length < REACH_NAME ? length : REACH_NAME - 1);
}

/* "VmFlags: rd wr ..." */
static void parse_flags(const char *at, struct reach_map *m)
{
	for (; at[0] && at[1]; at += 2 + (at[2] == ' ')) {
		if (starts(at, "dc"))
			m->flags |= REACH_MAP_NOT_COPIED;
		else if (starts(at, "wf"))
			m->flags |= REACH_MAP_WIPED;
		else if (starts(at, "um"))
			m->flags |= REACH_MAP_FAULTS;
		else if ((starts(at, "io") || starts(at, "pf")) && !(m->flags & REACH_MAP_STEADY))
			m->flags |= REACH_MAP_DEVICE;
	}
}

static void parse_field(const char *at, struct reach_map *m)
{
	if (starts(at, "Rss:"))
		m->resident = decimal(at + 4) * 1024;
	else if (starts(at, "Swap:"))
		m->resident += decimal(at + 5) * 1024;
	else if (starts(at, "VmFlags: "))
		parse_flags(at + 9, m);
}

static int parse_line(struct reach_maps *maps, const char *line, const struct reach_arena *arena)
{
	if (!is_digit(*line)) {
		if (maps->count)
			parse_field(line, &maps->map[maps->count - 1]);
		return 0;
	}
	if ((const unsigned char *)&maps->map[maps->count + 1] > arena->end)
		return -1;
	parse_head(line, &maps->map[maps->count++]);
	return 0;
}

int reach_maps_read_from(struct reach_maps *maps, long fd, struct reach_arena *arena)
{
	char *text = reach_arena_take(arena, BUFFER);
	long n, kept = 0;
	int result = text && !sys_failed(sys_call3(SYS_lseek, fd, 0, SEEK_SET)) ? 0 : -1;

	maps->map = (struct reach_map *)arena->at;
	maps->count = 0;
	while (!result && (n = sys_call3(SYS_read, fd, (long)(text + kept), (long)(BUFFER - 1 - kept))) > 0) {
		char *line = text, *end;

		n += kept;
		while (!result && (end = memchr(line, '\n', (size_t)(text + n - line)))) {
			*end = 0;
			result = parse_line(maps, line, arena);
			line = end + 1;
		}
		kept = text + n - line;
		memmove(text, line, (size_t)kept);
	}
	if (result || !maps->count)
		return -1;
	return reach_arena_take(arena, maps->count * sizeof *maps->map) ? 0 : -1;
}

int reach_maps_read(struct reach_maps *maps, const char *path, struct reach_arena *arena)
{
	long fd = sys_call6(SYS_openat, AT_FDCWD, (long)path, O_RDONLY | O_CLOEXEC, 0, 0, 0);

	if (sys_failed(fd))
		return -1;
	int result = reach_maps_read_from(maps, fd, arena);
	sys_call3(SYS_close, fd, 0, 0);
	return result;
}

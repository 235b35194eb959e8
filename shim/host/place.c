/* SPDX-License-Identifier: MIT */
/* Names, folders and copies of the trace. Laws in place.h. */
#include "place.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "area.h"
#include "note.h"
#include "own.h"
#include "path.h"
#include "settings.h"
#include "state.h"
#include "sys.h"
#include "tidy.h"
#include "rules.h"

#define NAME_MOST 200 /* of a program, in the name of its trace: file systems have no more than 255 */

/* Not wiped by a fork. */
static struct {
	uint32_t image_pid; /* of the exec that brought us here */
	char program[256];
	char path[2 * SETTINGS_PATH];
} place;

void place_start(const char *program, uint32_t pid)
{
	place.image_pid = pid;
	note_put(place.program, place.program + sizeof place.program, program);
}

const char *place_program(void)
{
	return place.program;
}

const char *place_path(void)
{
	return place.path;
}

void place_unlink(void)
{
	sys_call3(SYS_unlink, (long)place.path, 0, 0);
}

/* A folder of our own that nobody else can write to. */
static int private_folder(const char *dir)
{
	struct stat status;
	long r = sys_call3(SYS_mkdir, (long)dir, 0700, 0);

	if (sys_failed(r) && r != -EEXIST)
		return (int)r;
	r = sys_call6(SYS_newfstatat, AT_FDCWD, (long)dir, (long)&status, AT_SYMLINK_NOFOLLOW, 0, 0);
	if (sys_failed(r))
		return (int)r;
	if (!S_ISDIR(status.st_mode) || status.st_uid != (uid_t)sys_call3(SYS_geteuid, 0, 0, 0) ||
	    status.st_mode & 022)
		return -EPERM;
	return 0;
}

static char *put_working_folder(char *to, const char *end)
{
	long n = sys_call3(SYS_getcwd, (long)to, end - to, 0);

	if (sys_failed(n) || to[0] != '/')
		return to;
	to += n - 1;
	return to[-1] == '/' ? to : note_put(to, end, "/");
}

/* DIR/PROGRAM.PID[.N].trace */
static void name_in(const char *dir, uint32_t pid, int n)
{
	const char *end = place.path + sizeof place.path;
	char number[24];
	char *at = note_put(place.path, end, "");

	if (dir[0] != '/')
		at = put_working_folder(at, end);
	at = note_put(at, end, dir);
	at = note_put(at, end, "/");
	const char *most = at + NAME_MOST;

	for (const char *c = path_file(place.program); *c && at < most && at < end - 40; c++)
		*at++ = *c > ' ' && *c <= '~' ? *c : '_';
	at = note_put(at, end, ".");
	at = note_put(at, end, note_number(number, (long)pid));
	if (n > 1) {
		at = note_put(at, end, ".");
		at = note_put(at, end, note_number(number, n));
	}
	note_put(at, end, ".trace");
}

/* Opens the first that does not exist yet. */
static int open_in(const char *dir, uint32_t pid)
{
	int r = -EEXIST;

	for (int n = 1; n < 100 && r == -EEXIST; n++) {
		name_in(dir, pid, n);
		r = area_open(place.path);
	}
	return r;
}

static int open_named(uint32_t pid)
{
	const char *end = place.path + sizeof place.path;
	char number[24];
	char *at = place.path;

	if (settings.trace[0] != '/')
		at = put_working_folder(at, end);
	at = note_put(at, end, settings.trace);
	int r = pid == place.image_pid ? area_open(place.path) : -EEXIST;
	if (r == -EEXIST) { /* taken by the parent of a fork, or by what ran before an exec */
		at = note_put(at, end, ".");
		note_put(at, end, note_number(number, (long)pid));
		r = area_open(place.path);
	}
	return r;
}

/* Calls `use` with the usual folders that can be used, until it returns 0. Returns 0, or what the first one said. */
static int in_usual_folder(int (*use)(const char *dir, uint32_t pid), uint32_t pid)
{
	const char *parents[] = {settings.temporary, "/dev/shm", "/var/tmp"};
	char dir[SETTINGS_PATH + 32], number[24];
	int r = -ENOENT;

	for (size_t i = 0; i < sizeof parents / sizeof *parents; i++) {
		char *at = note_put(dir, dir + sizeof dir, parents[i]);

		at = note_put(at, dir + sizeof dir, "/leakshim-");
		note_put(at, dir + sizeof dir, note_number(number, sys_call3(SYS_geteuid, 0, 0, 0)));
		int one = private_folder(dir);
		if (!one)
			one = use(dir, pid);
		if (!one)
			return 0;
		if (!i)
			r = one;
	}
	return r;
}

/* Only the name that a trace there would have. */
static int name_first(const char *dir, uint32_t pid)
{
	name_in(dir, pid, 1);
	return 0;
}

int place_open(uint32_t pid)
{
	memset(place.path, 0, sizeof place.path);
	if (settings.trace[0])
		return open_named(pid);
	if (settings.dir[0])
		return open_in(settings.dir, pid);
	return in_usual_folder(open_in, pid);
}

void place_write_out(void)
{
	const char *at = (const char *)state.header;
	uint64_t left = state.header->file_used;
	long fd = sys_call6(SYS_openat, AT_FDCWD, (long)place.path,
			    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600, 0, 0);

	if (sys_failed(fd))
		return;
	while (left) {
		long n = sys_call3(SYS_write, fd, (long)at, (long)left);

		if (n <= 0)
			break;
		at += n;
		left -= (uint64_t)n;
	}
	sys_call3(SYS_close, fd, 0, 0);
}

int place_readable(void)
{
	long fd = sys_call6(SYS_openat, AT_FDCWD, (long)place.path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW, 0, 0, 0);

	if (sys_failed(fd))
		return (int)fd;
	sys_call3(SYS_close, fd, 0, 0);
	return 0;
}

int place_copy(void)
{
	char was[sizeof place.path];

	memcpy(was, place.path, sizeof was);
	if (!settings.trace[0] && !in_usual_folder(name_first, own_pid())) {
		place_write_out();
		if (!place_readable())
			return 1;
		place_unlink();
	}
	memcpy(place.path, was, sizeof was);
	return 0;
}

void place_tidy(void)
{
	char folder[sizeof place.path];
	size_t length = (size_t)(path_file(place.path) - place.path);

	if (settings.trace[0] || length < 2)
		return;
	memcpy(folder, place.path, length - 1);
	folder[length - 1] = 0;
	tidy(folder, state.header);
}

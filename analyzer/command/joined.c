/* SPDX-License-Identifier: MIT */
/* One report on request after the other. Laws in joined.h. */
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "file.h"
#include "joined.h"
#include "path.h"
#include "process.h"
#include "progress.h"
#include "request.h"

#define NAP_MS 20

static bool is_event(const struct options *o, const char *event)
{
	return o->from_shim && !strcmp(o->from_shim, event);
}

static bool is_one_of_many(const struct options *o)
{
	return (is_event(o, "signal") || is_event(o, "joined")) && o->argument_count == 1;
}

/* The folder's lock, which ends with this program. No file is left behind. */
static void wait_for_turn(const char *path)
{
	char folder[PATH_MAX];
	int fd, length = (int)(path_file(path) - path);

	snprintf(folder, sizeof(folder), "%.*s", length ? length : 1, length ? path : ".");
	fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	for (int waited = 0; fd >= 0 && waited < JOINED_TURN_MS && flock(fd, LOCK_EX | LOCK_NB); waited += NAP_MS)
		nanosleep(&(struct timespec){ .tv_nsec = NAP_MS * 1000000 }, NULL);
}

unsigned joined_begin(const struct options *o)
{
	const char *path = o->arguments[0];
	struct file_head head;
	unsigned count;

	if (is_event(o, "exit") && o->argument_count == 1)
		return file_answer(path);
	if (!is_one_of_many(o))
		return 0;
	progress_never();
	wait_for_turn(path);
	if (!is_event(o, "joined"))
		return 0;
	count = file_answer(path);
	if (!file_peek(path, &head) && !head.has_end && process_is_running((pid_t)head.pid, head.process_start))
		request_scan(path, (pid_t)head.pid);
	return count > 1 ? count : 0;
}

void joined_tell(const struct options *o)
{
	if (is_one_of_many(o) && !file_tell(o->arguments[0], true))
		_exit(0);
}

void joined_end(const struct options *o)
{
	char *argv[] = { "leakshim", "report", "--from-shim", "joined", "--keep", "always", o->arguments[0], NULL };

	if (!is_one_of_many(o))
		return;
	fflush(NULL);
	if (!file_tell(o->arguments[0], false) || !file_is_asked(o->arguments[0]))
		return;
	execv("/proc/self/exe", argv);
}

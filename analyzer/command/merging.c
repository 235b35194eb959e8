/* SPDX-License-Identifier: MIT */
/* Many traces -> one file: see merging.h. */
#include "merging.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "merge.h"
#include "process.h"
#include "progress.h"
#include "read.h"
#include "words.h"

static int failed(const char *path, const char *what, const char *todo)
{
	fputs("leakshim: ", stderr);
	words_escape(stderr, path);
	fprintf(stderr, ": %s: %s; %s\n", what, strerror(errno), todo);
	return -1;
}

/* Returns 0, 1 if it could not be read, or -1 if it cannot be merged. */
static int add(struct merge *g, const char *path, bool partial)
{
	struct read_options how = { .partial = partial };
	struct model model;
	int result = 1;

	if (!read_trace(&model, path, &how) && (result = merge_add(g, &model))) {
		progress_end();
		fputs("leakshim: ", stderr);
		words_escape(stderr, path);
		fputs(": of a Java virtual machine, whose objects cannot be summed up; report such traces one by one\n", stderr);
	}
	pool_drop(&model.pool);
	return result;
}

static enum merging gather(struct merge *g, char **paths, int count, bool partial, bool *unread)
{
	int bad = 0;

	for (int i = 0; i < count; i++) {
		int result = add(g, paths[i], partial);

		progress("merging traces", (size_t)i, (size_t)count);
		if (result < 0)
			return MERGING_NEVER;
		bad += result;
		if (unread)
			unread[i] = result;
	}
	progress_end();
	return !bad ? MERGING_ALL : bad < count ? MERGING_SOME : MERGING_NONE;
}

static int put(struct merge *g, int fd, const char *target)
{
	int result = merge_write(g, fd);

	if (close(fd) || result) {
		failed(target, "cannot be written", "give another place");
		unlink(target);
		return -1;
	}
	return 0;
}

enum merging merging_file(const char *target, char **paths, int count)
{
	struct merge *g = merge_open();
	enum merging result = gather(g, paths, count, false, NULL);
	int fd = -1;

	if (result == MERGING_ALL || result == MERGING_SOME) {
		fd = open(target, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
		if (fd < 0 ? failed(target, "cannot be created", "give another name with -o") : put(g, fd, target))
			result = MERGING_NONE;
	}
	merge_close(g);
	return result;
}

enum merging merging_temporary(char *target, size_t size, char **paths, int count, bool partial, bool *unread)
{
	struct merge *g = merge_open();
	enum merging result = gather(g, paths, count, partial, unread);
	int fd;

	if (result == MERGING_ALL || result == MERGING_SOME) {
		snprintf(target, size, "%s/leakshim-sum-XXXXXX", process_temporary());
		fd = mkostemp(target, O_CLOEXEC);
		if (fd < 0 ? failed(target, "cannot be created", "set TMPDIR to another folder") : put(g, fd, target))
			result = MERGING_NONE;
	}
	merge_close(g);
	return result;
}

/* SPDX-License-Identifier: MIT */
/* Watches how a run grows: see looks.h. */
#include "looks.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "file.h"
#include "languages.h"
#include "output.h"
#include "read.h"
#include "suppress.h"
#include "words.h"

#define LOOKS_MOST 4096u
#define SHARE 20     /* a look of a millisecond lets so many pass before the next one */
#define WITHOUT_FD_MS 50

struct look {
	uint32_t pid;
	uint64_t start_ns, time_us;
	struct growth growth;
};

struct looks {
	const char *folder;
	struct output out; /* for its suppressions */
	struct look *list;
	unsigned count;
	double began_ms, next_ms;
};

static double now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

struct looks *looks_open(const char *folder, const struct options *o)
{
	struct looks *l = pool_regrow(NULL, 1, sizeof(*l));

	memset(l, 0, sizeof(*l));
	l->folder = folder;
	l->out.options = o;
	if (output_read_suppressions(&l->out)) {
		free(l);
		return NULL;
	}
	l->began_ms = now_ms();
	l->next_ms = l->began_ms + LOOKS_FIRST_MS;
	return l;
}

void looks_close(struct looks *l)
{
	if (!l)
		return;
	for (unsigned i = 0; i < l->count; i++) {
		free((char *)l->list[i].growth.function);
		free((char *)l->list[i].growth.file);
	}
	suppress_close(l->out.suppressions);
	free(l->list);
	free(l);
}

static void keep(struct looks *l, const struct model *m, const struct growth *growth)
{
	struct look *look;

	l->list = pool_regrow(l->list, l->count + 1ul, sizeof(*l->list));
	look = &l->list[l->count++];
	*look = (struct look){ .pid = m->pid, .start_ns = m->start_realtime_ns, .time_us = m->now_us, .growth = *growth };
	look->growth.function = growth->function ? strdup(growth->function) : NULL;
	look->growth.file = growth->file ? strdup(growth->file) : NULL;
}

static void look_at(struct looks *l, const char *path)
{
	struct diagnose_options how = { .max = 1, .suppressions = l->out.suppressions };
	struct read_options reading = { 0 };
	struct languages *languages;
	struct diagnosis diagnosis;
	struct symbols *symbols;
	struct model model;

	if (!read_trace(&model, path, &reading) && model.ending == ENDING_RUNNING && model.now_us >= LOOKS_FIRST_MS * 900u) {
		languages = languages_open(&model.pool);
		languages_meet(languages, &model);
		model.languages = languages;
		symbols = symbols_open(&model);
		diagnose(&diagnosis, &model, symbols, &how);
		keep(l, &model, &diagnosis.growth);
		symbols_close(symbols);
	}
	pool_drop(&model.pool);
}

/* All that are being written; one that has just begun waits for the next time. */
static void look_around(struct looks *l)
{
	DIR *dir = opendir(l->folder);
	struct dirent *entry;
	char path[PATH_MAX];
	struct file_head head;

	while (dir && (entry = readdir(dir)) && l->count < LOOKS_MOST)
		if (entry->d_name[0] != '.' && (size_t)snprintf(path, sizeof(path), "%s/%s", l->folder, entry->d_name) < sizeof(path) &&
		    !file_peek(path, &head) && !kill((pid_t)head.pid, 0))
			look_at(l, path);
	if (dir)
		closedir(dir);
}

static void look(struct looks *l)
{
	double began = now_ms(), age = began - l->began_ms, wait, took;

	look_around(l);
	took = now_ms() - began;
	wait = age / 8 > LOOKS_FIRST_MS ? age / 8 : LOOKS_FIRST_MS;
	l->next_ms = now_ms() + (took * SHARE > wait ? took * SHARE : wait);
}

int looks_wait(struct looks *l, int pid)
{
	struct pollfd fd = { .fd = (int)syscall(SYS_pidfd_open, pid, 0), .events = POLLIN };
	int status = 0, got;

	while ((got = (int)waitpid(pid, &status, WNOHANG)) == 0 || (got < 0 && errno == EINTR)) {
		double left = l->next_ms - now_ms();

		if (left <= 0)
			look(l);
		else
			poll(&fd, fd.fd >= 0, fd.fd >= 0 ? (int)left + 1 : WITHOUT_FD_MS);
	}
	if (fd.fd >= 0)
		close(fd.fd);
	return got < 0 ? 0 : status;
}

static int by_growth(const void *left, const void *right)
{
	const struct look *const *a = left, *const *b = right;
	double x = (*a)->growth.bytes_a_minute, y = (*b)->growth.bytes_a_minute;

	return x < y ? -1 : x > y;
}

int looks_growth(const void *looks, const struct model *m, struct growth *growth, FILE *to)
{
	const struct looks *l = looks;
	const struct look **late, *last = NULL;
	unsigned count = 0;
	char a[WORDS_SIZE];

	if (m->ending == ENDING_RUNNING)
		return 0;
	late = pool_array(&((struct model *)m)->pool, l->count, sizeof(*late));
	for (unsigned i = 0; i < l->count; i++) {
		if (l->list[i].pid != m->pid || l->list[i].start_ns != m->start_realtime_ns)
			continue;
		last = &l->list[i];
		if (last->time_us >= m->now_us / 2)
			late[count++] = last;
	}
	if (!count && last)
		late[count++] = last;
	if (count) {
		qsort(late, count, sizeof(*late), by_growth);
		*growth = late[(count - 1) / 2]->growth;
		return 0;
	}
	fputs("leakshim: ", to);
	words_escape(to, m->program);
	fprintf(to, " (%u) ended after %s, too soon to say how fast it grows\n", m->pid, words_time(a, m->now_us));
	return -1;
}

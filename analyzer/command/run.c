/* SPDX-License-Identifier: MIT */
/* Runs a program with the shim preloaded: see run.h. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "confine.h"
#include "file.h"
#include "follow.h"
#include "following.h"
#include "launch.h"
#include "lives.h"
#include "looks.h"
#include "pool.h"
#include "process.h"
#include "run.h"
#include "traces.h"

static volatile pid_t child;

/* Someone sent a signal to this process alone: it was meant for the program. What the
 * kernel sends (Ctrl-C, hang-up) the program gets as well. */
static void pass_on(int number, siginfo_t *info, void *context)
{
	int saved = errno;

	(void)context;
	if (child > 0 && info->si_code <= 0)
		kill(child, number);
	errno = saved;
}

static const int passed[] = { SIGINT, SIGQUIT, SIGTERM, SIGHUP, SIGUSR1, SIGUSR2 };
#define PASSED (sizeof(passed) / sizeof(*passed))

static void watch_signals(struct sigaction before[PASSED])
{
	struct sigaction action = { .sa_sigaction = pass_on, .sa_flags = SA_SIGINFO | SA_RESTART };

	for (size_t i = 0; i < PASSED; i++)
		sigaction(passed[i], &action, &before[i]);
}

static void leave_signals(const struct sigaction before[PASSED])
{
	for (size_t i = 0; i < PASSED; i++)
		sigaction(passed[i], &before[i], NULL);
}

static int complain(const char *path, const char *todo)
{
	fprintf(stderr, "leakshim: %s: %s; %s\n", path, strerror(errno), todo);
	return -1;
}

/* What the user said in LEAKSHIM_OPTIONS. Returns 0 if nothing. */
static const char *said(const char *key, char *value, size_t size)
{
	const char *at = getenv("LEAKSHIM_OPTIONS"), *found = NULL;

	while (at && *at) {
		size_t length = strcspn(at, ":"), n = strlen(key);

		if (length > n + 1 && !strncmp(at, key, n) && at[n] == '=' && length - n - 1 < size) {
			snprintf(value, size, "%.*s", (int)(length - n - 1), at + n + 1);
			found = value;
		}
		at += length + (at[length] == ':');
	}
	return found;
}

static int make_folders(char *path)
{
	for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = 0;
		mkdir(path, 0777);
		*slash = '/';
	}
	return mkdir(path, 0700) && errno != EEXIST ? -1 : 0;
}

/* A folder of ours alone, made if need be. */
static int own_folder(const char *path)
{
	struct stat st;

	if ((mkdir(path, 0700) && errno != EEXIST) || lstat(path, &st))
		return -1;
	errno = EPERM;
	return S_ISDIR(st.st_mode) && st.st_uid == geteuid() && !(st.st_mode & 077) ? 0 : -1;
}

/* In the first of the places in which the shim looks as well. */
static int make_usual_folder(char *path, size_t size)
{
	char first[PATH_MAX] = "";
	int error = 0;

	for (unsigned i = 0; process_usual_folder(i, path, size - sizeof("/run-XXXXXX")); i++) {
		if (!*path || strchr(path, ':')) /* it could not be said in LEAKSHIM_OPTIONS */
			continue;
		if (!*first)
			snprintf(first, sizeof(first), "%s", path);
		if (!own_folder(path)) {
			traces_tidy(path);
			strcat(path, "/run-XXXXXX");
			if (mkdtemp(path))
				return 0;
		}
		error = error ? error : errno;
	}
	errno = error;
	return complain(first, error == EPERM ? "it is not a folder of yours alone: remove it, or give another one with "
						"LEAKSHIM_OPTIONS=dir=DIR"
					      : "give a folder that can be written with LEAKSHIM_OPTIONS=dir=DIR");
}

static int make_folder(char *path, size_t size)
{
	char dir[PATH_MAX], whole[PATH_MAX];

	if (!said("dir", dir, sizeof(dir)))
		return make_usual_folder(path, size);
	if (make_folders(dir) || !realpath(dir, whole))
		return complain(dir, "give a folder that can be made and written with LEAKSHIM_OPTIONS=dir=DIR");
	if (strlen(whole) < size - 16)
		strcat(strcpy(path, whole), "/run-XXXXXX");
	if (strlen(whole) >= size - 16 || !mkdtemp(path))
		return complain(dir, "give a folder that can be written with LEAKSHIM_OPTIONS=dir=DIR");
	return 0;
}

static bool is_named(const char *option, size_t length, const char *const *keys)
{
	for (; *keys; keys++)
		if (strlen(*keys) < length && option[strlen(*keys)] == '=' &&
		    !strncmp(option, *keys, strlen(*keys)))
			return true;
	return false;
}

/* What the user said in the environment, without what this command decides. */
static char *own_options(struct pool *p, const char *folder, const struct options *o)
{
	const char *keys[] = { "dir", "trace", "report", "keep", "analyzer",
			       o->level ? "level" : "keep", o->probes ? "probes" : "keep", NULL };
	const char *at = getenv("LEAKSHIM_OPTIONS");
	char self[PATH_MAX], *text;

	launch_self(self, sizeof(self));
	text = pool_print(p, "dir=%s:report=signal:keep=always", folder);
	if (*self && !strchr(self, ':'))
		text = pool_print(p, "%s:analyzer=%s", text, self);
	if (o->level)
		text = pool_print(p, "%s:level=%s", text, o->level);
	if (o->explain)
		text = pool_print(p, "%s:watch=all", text);
	if (o->focus)
		text = pool_print(p, "%s:focus=%s:step=%d", text, o->focus, (int)getppid());
	if (o->probes)
		text = pool_print(p, "%s:probes=%s", text, o->probes);
	while (at && *at) {
		size_t length = strcspn(at, ":");

		if (length && !is_named(at, length, keys))
			text = pool_print(p, "%s:%.*s", text, (int)length, at);
		at += length + (at[length] == ':');
	}
	return text;
}

static int set_environment(const char *folder, const struct options *o)
{
	const char *before = getenv("LD_PRELOAD");
	char library[PATH_MAX];
	struct pool p = { 0 };

	if (launch_library(library, sizeof(library)))
		return -1;
	if (strpbrk(library, ": ")) {
		fprintf(stderr, "leakshim: %s: a path with spaces or colons cannot be preloaded; "
				"install leakshim elsewhere\n", library);
		return -1;
	}
	if (before && *before)
		setenv("LD_PRELOAD", pool_print(&p, "%s:%s", library, before), 1);
	else
		setenv("LD_PRELOAD", library, 1);
	confine_tell();
	setenv("LEAKSHIM_OPTIONS", own_options(&p, folder, o), 1);
	pool_drop(&p);
	return 0;
}

/* In the child: becomes the program as soon as the gate is closed, or tells errno through the pipe. */
static void become(const char *path, const struct options *o, const char *folder, int pipe_end, int gate)
{
	int error;
	char end;

	while (read(gate, &end, 1) < 0 && errno == EINTR)
		;
	if (!set_environment(folder, o)) {
		execvp(path, o->arguments);
		error = errno;
	} else {
		error = -1;
	}
	if (write(pipe_end, &error, sizeof(error)) < 0)
		_exit(LAUNCH_CANNOT);
	_exit(LAUNCH_CANNOT);
}

static int wait_for(pid_t pid)
{
	int status = 0;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return 0;
	return status;
}

/* Starts the program and waits for its end. Returns 0 and the wait status, or -1. */
static int start_and_wait(const char *path, const struct options *o, const char *folder, struct looks *looks, int *status,
			  struct lives **lives)
{
	struct sigaction before[PASSED];
	int ends[2], gate[2], error = 0;
	ssize_t told;

	if (pipe2(ends, O_CLOEXEC))
		return complain("pipe", "close some files");
	if (pipe2(gate, O_CLOEXEC)) {
		complain("pipe", "close some files");
		close(ends[0]);
		close(ends[1]);
		return -1;
	}
	watch_signals(before);
	child = fork();
	if (child == 0) {
		leave_signals(before);
		close(ends[0]);
		close(gate[1]);
		become(path, o, folder, ends[1], gate[0]);
	}
	if (child > 0 && o->focus)
		follow_take(child);
	close(ends[1]);
	close(gate[0]);
	close(gate[1]);
	if (child < 0) {
		complain("fork", "end some processes");
		error = -1;
	}
	do
		told = error ? 0 : read(ends[0], &error, sizeof(error));
	while (told < 0 && errno == EINTR);
	close(ends[0]);
	if (child > 0)
		*status = looks && !error ? looks_wait(looks, child) : o->focus ? follow_wait(child, lives) : wait_for(child);
	leave_signals(before);
	if (error > 0) {
		errno = error;
		complain(path, "it could not be started");
	}
	return error ? -1 : 0;
}

struct found {
	char *path;
	struct file_head head;
};

static pid_t found_root; /* qsort has no argument for it */

static int found_order(const void *left, const void *right)
{
	const struct found *a = left, *b = right;
	bool root_a = a->head.pid == (uint32_t)found_root;
	bool root_b = b->head.pid == (uint32_t)found_root;

	if (root_a != root_b)
		return root_a ? -1 : 1;
	if (a->head.start_realtime_ns != b->head.start_realtime_ns)
		return a->head.start_realtime_ns < b->head.start_realtime_ns ? -1 : 1;
	return strcmp(a->path, b->path);
}

static struct found *find_traces(const char *folder, unsigned *count)
{
	struct found *list = NULL;
	struct dirent *entry;
	DIR *dir = opendir(folder);
	char path[PATH_MAX + 256];
	struct file_head head;

	*count = 0;
	while (dir && (entry = readdir(dir))) {
		snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
		if (entry->d_name[0] == '.' || file_peek(path, &head))
			continue;
		list = pool_regrow(list, *count + 1ul, sizeof(*list));
		list[*count].path = strdup(path);
		list[(*count)++].head = head;
	}
	if (dir)
		closedir(dir);
	return list;
}

static int copy_file(const char *from, const char *to)
{
	char buffer[65536];
	ssize_t got = -1;
	int in = open(from, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	int out = in < 0 ? -1 : open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);

	while (out >= 0 && (got = read(in, buffer, sizeof(buffer))) > 0)
		if (write(out, buffer, (size_t)got) != got) {
			got = -1;
			break;
		}
	if (in >= 0)
		close(in);
	if (out >= 0 && close(out))
		got = -1;
	return out < 0 || got < 0 ? -1 : 0;
}

/* Moves the root's trace to where the user wants it, across file systems too. */
static void move_trace(char **path, const char *target)
{
	if (rename(*path, target)) {
		unlink(target); /* a trace, as check_output saw */
		if (copy_file(*path, target)) {
			fprintf(stderr, "leakshim: %s: cannot be written: %s; the trace stays %s\n",
				target, strerror(errno), *path);
			return;
		}
		unlink(*path);
	}
	free(*path);
	*path = strdup(target);
}

/* Before the program starts: can its trace be put where the user wants it? */
static int check_output(const char *target)
{
	struct file_head head;
	struct stat st;
	char folder[PATH_MAX], *slash;

	if (!lstat(target, &st)) {
		if (S_ISREG(st.st_mode) && !file_peek(target, &head))
			return 0; /* an older trace: replaced */
		fprintf(stderr, "leakshim: %s: exists and is no trace; it is left alone: give "
				"another name with -o\n", target);
		return -1;
	}
	snprintf(folder, sizeof(folder), "%s", target);
	slash = strrchr(folder, '/');
	if (slash)
		slash[slash == folder] = 0;
	else
		strcpy(folder, ".");
	if (access(folder, W_OK | X_OK))
		return complain(target, "give another place with -o");
	return 0;
}

/* A daemon that was forked a moment ago has a trace as soon as it allocates. */
static void await(struct run_outcome *outcome, const struct found *list)
{
	unsigned kept = 0;

	for (unsigned i = 0; i < outcome->awaited_count; i++) {
		bool has_come = false;

		for (unsigned k = 0; k < outcome->trace_count; k++)
			has_come |= list[k].head.pid == (uint32_t)outcome->awaited[i];
		if (!has_come)
			outcome->awaited[kept++] = outcome->awaited[i];
	}
	outcome->awaited_count = kept;
}

static void gather(struct run_outcome *outcome, const char *output, const char *folder,
		   pid_t root, int wait_status, struct lives *lives)
{
	struct found *list;
	int last_of_root = -1;

	outcome->awaited_count = process_awaited(folder, outcome->awaited, RUN_AWAITED);
	list = find_traces(folder, &outcome->trace_count);
	found_root = root;
	await(outcome, list);
	if (outcome->trace_count)
		qsort(list, outcome->trace_count, sizeof(*list), found_order);
	outcome->traces = pool_regrow(NULL, outcome->trace_count + 1ul, sizeof(*outcome->traces));
	for (unsigned i = 0; i < outcome->trace_count; i++) {
		outcome->traces[i] = list[i].path;
		if (list[i].head.pid == (uint32_t)root)
			last_of_root = (int)i;
	}
	outcome->has_root = last_of_root >= 0;
	outcome->is_lost = outcome->has_root && list[last_of_root].head.is_exec;
	if (outcome->has_root) {
		file_stamp(outcome->traces[last_of_root], wait_status);
		following_note(outcome->traces[last_of_root], lives);
		if (output)
			move_trace(&outcome->traces[0], output);
	}
	free(list);
	run_tidy(outcome);
}

void run_tidy(const struct run_outcome *outcome)
{
	if (!outcome->awaited_count)
		rmdir(outcome->folder); /* only succeeds when nothing is left in it */
}

int run_program(struct run_outcome *outcome, const struct options *o)
{
	char path[PATH_MAX], trace[PATH_MAX], keep[16], *folder = outcome->folder;
	const char *output = o->output ? o->output : said("trace", trace, sizeof(trace));
	struct lives *lives = NULL;
	int wait_status = 0;

	memset(outcome, 0, sizeof(*outcome));
	outcome->status = launch_check(o->arguments[0], path, sizeof(path));
	if (outcome->status)
		return -1;
	outcome->status = 2;
	outcome->drops_clean = !output && (!said("keep", keep, sizeof(keep)) || strcmp(keep, "always"));
	if ((output && check_output(output)) || make_folder(folder, sizeof(outcome->folder)))
		return -1;
	if (o->check && o->has_max_growth && !(outcome->looks = looks_open(folder, o)))
		return -1;
	if (start_and_wait(path, o, folder, outcome->looks, &wait_status, &lives)) {
		rmdir(folder);
		outcome->status = LAUNCH_CANNOT;
		return -1;
	}
	outcome->status = WIFSIGNALED(wait_status) ? 128 + WTERMSIG(wait_status)
						   : WEXITSTATUS(wait_status);
	gather(outcome, output, folder, child, wait_status, lives);
	lives_close(lives);
	return 0;
}

void run_forget(struct run_outcome *outcome)
{
	looks_close(outcome->looks);
	for (unsigned i = 0; i < outcome->trace_count; i++)
		free(outcome->traces[i]);
	free(outcome->traces);
}

/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_FILE_H
#define LEAKSHIM_FILE_H
/*
 * The trace as a file: opening it safely, finding its chunks, and the few things that the
 * analyzer itself writes into one (the end that a parent saw, the cut, a copy).
 *
 * 1. The file is read into private memory once, holes left out: it may be changed or cut
 *    by others while we work, and nothing of that reaches the reader.
 * 2. Of a living trace, what refers is read before what is referred to, and chunks that
 *    appear meanwhile are read too, so that references lead to something that was read.
 * 3. No number of the file is used before it was checked here or in read.c. Memory is
 *    bounded by the data in the file.
 * 4. What is wrong is said here, once: `leakshim: FILE: offset N: what: why; what to do`.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "trace.h"

struct file_view {
	unsigned char **chunks; /* [ordinal] -> first element; 0: missing */
	uint32_t chunk_count;
	uint32_t element, per_chunk;
	uint32_t used;  /* elements, never more than the chunks hold */
	bool is_loaded; /* chunks that appear from now on are left out */
};

struct trace_file {
	const char *path;
	unsigned char *data;
	size_t size;   /* of data: the header and all whole chunks */
	size_t mapped; /* of the memory behind data */
	struct trace_header *header;
	struct file_view areas[TRACE_AREAS];
	bool is_partial; /* damaged further on; only with `partial` */
	bool is_moving;  /* its process had not ended: elements may change as they are read */
};

/* Opens and checks. `partial`: of a damaged file, take what comes before the damage.
 * Returns 0, or -1 after saying why. file_close is due only after 0. */
int file_open(struct trace_file *f, const char *path, bool partial);
void file_close(struct trace_file *f);

/* Element i of an area, 0 if it is not there. */
static inline const void *file_element(const struct file_view *v, uint32_t i)
{
	unsigned char *chunk;

	if (i >= v->used || !(chunk = v->chunks[i / v->per_chunk]))
		return 0;
	return chunk + (size_t)(i % v->per_chunk) * v->element;
}

/* Says what is wrong at a place of the file; returns -1. */
int file_complain(const char *path, uint64_t offset, const char *what, const char *todo);
int file_complain_at(const struct trace_file *f, const void *element, const char *what);

/* What a trace says about itself in its header, without reading the rest. */
struct file_head {
	uint32_t pid;
	uint64_t process_start, start_realtime_ns;
	uint64_t pid_space; /* the PID namespace, 0: not known */
	bool has_end, is_exec;
	char program[64];   /* argv[0], cut */
	char file[64];      /* name of the executable without its folder, cut */
};
/* Returns 0, or -1 silently if `path` is no trace. */
int file_peek(const char *path, struct file_head *head);
int file_peek_at(int fd, struct file_head *head);

/* Reads the header of an open trace and checks it; *size: of the file in bytes. What was used may be longer than the file only
 * if `partial`. Returns 0, or -1 after saying why. */
int file_header(int fd, const char *path, bool partial, struct trace_header *h, uint64_t *size);

/* Does it look like a header that this program can read? */
bool file_is_trace(const struct trace_header *h);

/* Writes the end that wait() told into a trace that does not know its own, and cuts the
 * file to its used length. */
void file_stamp(const char *path, int wait_status);

/* Asks the process that writes a trace to follow another level; it sees that at its next
 * allocation. Returns the level that was in force, or -1 after saying why not. */
int file_set_level(const char *path, int level);

/* Asks it for a scan without a signal: the next thread that allocates makes it. Returns 0, or -1: the trace cannot be written. */
int file_wish(const char *path);

/* Has a thread begun it? */
bool file_is_granted(const char *path);

/* Takes it back, for nobody waits any more. */
void file_unwish(const char *path);

/* Asks the process that writes a trace to look closely at the blocks of these sites. Returns how many of them there are, or
 * -1 after saying why not. */
int file_set_focus(const char *path, const uint32_t *sites, unsigned count);

/* The reports that the process of a trace was asked for by signal (trace_header.requests). A new one begins, which answers all of
 * them: returns how many. */
unsigned file_answer(const char *path);

/* A report that was asked for is about to be written, or is written. Returns false if it is not to be: the process has ended, and
 * the report of its end answers all. */
bool file_tell(const char *path, bool is_begun);

/* A report has ended. Were there more requests meanwhile? If not, the next one has nobody to be joined to any more. */
bool file_is_asked(const char *path);

/* Writes what was found out by following a process, which has ended, into the room that its trace has for it. */
struct trace_parted;
void file_note_parted(const char *path, const struct trace_parted *parted, unsigned count);

/* Writes what was read as a new file of mode 0600; an existing one is never touched.
 * The copy says that it is one, and of which moment. Returns 0, or -1 after saying why. */
int file_copy(const struct trace_file *f, const char *target, uint64_t now_us);
#endif

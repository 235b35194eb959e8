/* SPDX-License-Identifier: MIT */
/* The trace as a file: see file.h. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "file.h"
#include "path.h"

#define TRY_PARTIAL "get an undamaged copy, or see what is left with `leakshim report --partial`"
#define GIVE_TRACE "give a file that `leakshim run -o FILE` or the shim wrote"

int file_complain(const char *path, uint64_t offset, const char *what, const char *todo)
{
	fprintf(stderr, "leakshim: %s: offset %" PRIu64 ": %s; %s\n", path, offset, what, todo);
	return -1;
}

int file_complain_at(const struct trace_file *f, const void *element, const char *what)
{
	char text[160];

	snprintf(text, sizeof(text), "damaged trace: %s", what);
	return file_complain(f->path, (uint64_t)((const unsigned char *)element - f->data), text,
			     TRY_PARTIAL);
}

static int complain_errno(const char *path, const char *todo)
{
	fprintf(stderr, "leakshim: %s: cannot be read: %s; %s\n", path, strerror(errno), todo);
	return -1;
}

/* Reads [from, to) of the file to the same place in memory; leaves holes alone. */
static int load_range(int fd, unsigned char *data, uint64_t from, uint64_t to)
{
	while (from < to) {
		off_t start = lseek(fd, (off_t)from, SEEK_DATA);
		off_t stop = to;
		ssize_t got;

		if (start < 0 && errno == ENXIO)
			return 0;
		if (start < 0)
			start = (off_t)from;
		else
			stop = lseek(fd, start, SEEK_HOLE);
		if (stop <= start || (uint64_t)stop > to)
			stop = (off_t)to;
		if ((uint64_t)start >= to)
			return 0;
		got = pread(fd, data + start, (size_t)(stop - start), start);
		if (got < 0)
			return -1;
		if (got == 0)
			return 0;
		from = (uint64_t)start + (uint64_t)got;
	}
	return 0;
}

static int check_header(const char *path, const struct trace_header *h, uint64_t got, uint64_t size,
			bool partial)
{
	char text[200];

	if (got == sizeof(*h) && !memcmp(h, (char[16]){ 0 }, 16))
		return file_complain(path, 0, "an empty trace: its program has only just begun",
				     "try again");
	if (got < sizeof(h->magic) || memcmp(h->magic, TRACE_MAGIC, sizeof(h->magic)))
		return file_complain(path, 0,
				     got ? "not a leakshim trace: it does not start with " TRACE_MAGIC
					 : "not a leakshim trace: the file is empty",
				     GIVE_TRACE);
	if (got < sizeof(*h))
		return file_complain(path, size, "damaged trace: it ends inside its header",
				     "get a whole copy");
	if (h->endian != TRACE_ENDIAN)
		return file_complain(path, offsetof(struct trace_header, endian),
				     "foreign trace: written with another byte order",
				     "read it on a machine of the kind that wrote it");
	if (h->version != TRACE_VERSION) {
		snprintf(text, sizeof(text),
			 "trace of version %u, and this leakshim reads version %u", h->version,
			 TRACE_VERSION);
		return file_complain(path, offsetof(struct trace_header, version), text,
				     "use the leakshim that came with the library that wrote it");
	}
	if (h->header_size < sizeof(*h) || h->header_size > (1u << 20) || h->header_size % 64)
		return file_complain(path, offsetof(struct trace_header, header_size),
				     "damaged trace: impossible header size", "get a whole copy");
	if (h->file_used < h->header_size || h->file_used > (uint64_t)INT64_MAX)
		return file_complain(path, offsetof(struct trace_header, file_used),
				     "damaged trace: impossible length", TRY_PARTIAL);
	if (h->file_used > size && !partial) {
		snprintf(text, sizeof(text),
			 "damaged trace: it ends here, but was %" PRIu64 " bytes long",
			 h->file_used);
		return file_complain(path, size, text, TRY_PARTIAL);
	}
	return 0;
}

/* Why a chunk head cannot be one; 0 if it can. `left`: bytes from the head to the end. */
static const char *chunk_fault(const struct trace_file *f, const struct trace_chunk *c,
			       uint64_t left)
{
	const struct trace_area_head *area;

	if (c->magic != TRACE_CHUNK_MAGIC)
		return "no chunk begins here";
	if (c->length < sizeof(*c) || c->length % TRACE_CHUNK_ALIGN || c->length > left)
		return "impossible chunk length";
	if (c->area >= TRACE_AREAS)
		return NULL;
	area = &f->header->areas[c->area];
	if (!area->per_chunk || !area->element || c->element != area->element)
		return "a chunk contradicts its area";
	if ((uint64_t)area->per_chunk * area->element > c->length - sizeof(*c))
		return "a chunk is shorter than its elements";
	if (c->ordinal >= f->mapped / TRACE_CHUNK_ALIGN)
		return "impossible chunk number";
	return NULL;
}

static int view_add(struct file_view *v, const struct trace_area_head *area, uint32_t ordinal,
		    unsigned char *elements)
{
	if (ordinal >= v->chunk_count) {
		unsigned char **grown = realloc(v->chunks, (ordinal + 1ul) * sizeof(*grown));

		if (!grown)
			return -1;
		memset(grown + v->chunk_count, 0,
		       (ordinal + 1ul - v->chunk_count) * sizeof(*grown));
		v->chunks = grown;
		v->chunk_count = ordinal + 1;
	}
	if (v->chunks[ordinal])
		return -1;
	v->chunks[ordinal] = elements;
	v->element = area->element;
	v->per_chunk = area->per_chunk;
	return 0;
}

/* What is wrong with the chunk head at f->size; if nothing is, f->size moves behind it. */
static const char *take_head(struct trace_file *f, struct trace_chunk *c, uint64_t end)
{
	const char *fault = chunk_fault(f, c, end - f->size);

	if (fault)
		return fault;
	if (c->area < TRACE_AREAS && !f->areas[c->area].is_loaded &&
	    view_add(&f->areas[c->area], &f->header->areas[c->area], c->ordinal,
		     (unsigned char *)(c + 1)))
		return "the same chunk comes twice";
	f->size += c->length;
	return NULL;
}

/* Reads the chunk heads from f->size to `end`. Returns 0, or -1 after saying why. Damage
 * ends the reading without a word if `quiet`. */
static int load_heads(struct trace_file *f, int fd, uint64_t end, bool quiet)
{
	while (f->size < end) {
		struct trace_chunk *c = (struct trace_chunk *)(f->data + f->size);
		const char *fault = "it ends inside a chunk's head";

		if (end - f->size >= sizeof(*c)) {
			if (load_range(fd, f->data, f->size, f->size + sizeof(*c)))
				return complain_errno(f->path, "try again");
			fault = take_head(f, c, end);
		}
		if (fault && quiet)
			return 0;
		if (fault)
			return file_complain_at(f, c, fault);
	}
	return 0;
}

/* Takes the heads of chunks that a living process has added meanwhile. */
static int load_new_heads(struct trace_file *f, int fd)
{
	struct trace_header latest;

	if (!f->is_moving)
		return 0;
	if (pread(fd, &latest, sizeof(latest), 0) != (ssize_t)sizeof(latest))
		return complain_errno(f->path, "try again");
	if (latest.file_used <= f->size)
		return 0;
	memcpy(f->header->areas, latest.areas, sizeof(latest.areas));
	return load_heads(f, fd, latest.file_used < f->mapped ? latest.file_used : f->mapped, true);
}

/* Who refers comes before what is referred to. */
static const uint8_t load_order[] = {
	TRACE_AREA_CROWD,   TRACE_AREA_MEMBERS,	 TRACE_AREA_PROCESS,
	TRACE_AREA_JAVA_VM, TRACE_AREA_JAVA_OBJECT, TRACE_AREA_JAVA_HOLD,
	TRACE_AREA_SCAN,    TRACE_AREA_UNREAD,   TRACE_AREA_VERDICT,	 TRACE_AREA_RESOURCE, TRACE_AREA_RECORD, TRACE_AREA_HINT,
	TRACE_AREA_FINDING, TRACE_AREA_PROBLEM,	 TRACE_AREA_PROBE,    TRACE_AREA_TYPE,
	TRACE_AREA_BLOCK,   TRACE_AREA_PENDING,	 TRACE_AREA_MISMATCH, TRACE_AREA_RELEASE, TRACE_AREA_FOCUS, TRACE_AREA_PYTHON,
	TRACE_AREA_PARTED,
	TRACE_AREA_SITE,    TRACE_AREA_SHARED,
	TRACE_AREA_NODE,    TRACE_AREA_JAVA_FRAME, TRACE_AREA_THREAD, TRACE_AREA_MODULE,   TRACE_AREA_TEXT,
};

static int load_area(struct trace_file *f, int fd, struct file_view *v)
{
	v->is_loaded = true;
	for (uint32_t k = 0; k < v->chunk_count; k++) {
		uint64_t from;

		if (!v->chunks[k])
			continue;
		from = (uint64_t)(v->chunks[k] - f->data);
		if (load_range(fd, f->data, from, from + (uint64_t)v->element * v->per_chunk))
			return complain_errno(f->path, "try again");
	}
	return 0;
}

static int load_elements(struct trace_file *f, int fd)
{
	for (size_t i = 0; i < sizeof(load_order); i++)
		if (load_new_heads(f, fd) || load_area(f, fd, &f->areas[load_order[i]]))
			return -1;
	return 0;
}

/* Takes over how much of each area is in use, which of a living trace grew meanwhile. */
static void count_elements(struct trace_file *f, const struct trace_header *latest)
{
	for (unsigned i = 0; i < TRACE_AREAS; i++) {
		struct file_view *v = &f->areas[i];
		uint64_t room = (uint64_t)v->chunk_count * v->per_chunk;
		uint64_t used = latest->areas[i].used;

		if (used > room)
			used = room;
		v->used = used > UINT32_MAX ? UINT32_MAX : (uint32_t)used;
	}
}

#define GROWTH ((uint64_t)256 << 20) /* what a living trace may add while it is read */

static int map(struct trace_file *f, uint64_t used, uint64_t size)
{
	f->mapped = used;
	if (f->is_moving)
		f->mapped = size - used < GROWTH ? size : used + GROWTH;
	f->data = mmap(NULL, f->mapped, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (f->data != MAP_FAILED)
		return 0;
	f->data = NULL;
	return complain_errno(f->path, "read it on a machine with more memory");
}

int file_header(int fd, const char *path, bool partial, struct trace_header *h, uint64_t *size)
{
	struct stat st;
	ssize_t got;

	if (fstat(fd, &st))
		return complain_errno(path, "give another file");
	if (!S_ISREG(st.st_mode)) {
		fprintf(stderr, "leakshim: %s: not a file but a %s; %s\n", path,
			S_ISDIR(st.st_mode) ? "directory" : "device or pipe", GIVE_TRACE);
		return -1;
	}
	memset(h, 0, sizeof(*h));
	got = pread(fd, h, sizeof(*h), 0);
	if (got < 0)
		return complain_errno(path, "give another file");
	*size = (uint64_t)st.st_size;
	return check_header(path, h, (uint64_t)got, *size, partial);
}

static int load(struct trace_file *f, int fd, bool partial)
{
	struct trace_header head;
	uint64_t used, size;

	if (file_header(fd, f->path, partial, &head, &size))
		return -1;
	used = head.file_used;
	if (used > size) {
		used = size;
		f->is_partial = true;
	}
	f->is_moving = head.end == TRACE_END_NONE && !(head.flags & TRACE_FLAG_COPY);
	if (map(f, used, size))
		return -1;
	memcpy(f->data, &head, sizeof(head));
	f->header = (struct trace_header *)f->data;
	f->size = head.header_size;
	if (load_heads(f, fd, used, partial))
		return -1;
	f->is_partial |= f->size < used;
	if (load_elements(f, fd))
		return -1;
	if (pread(fd, &head, sizeof(head), 0) != (ssize_t)sizeof(head))
		return complain_errno(f->path, "try again");
	count_elements(f, &head);
	memcpy(f->header->drops, head.drops, sizeof(head.drops));
	return 0;
}

int file_open(struct trace_file *f, const char *path, bool partial)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	int result;

	memset(f, 0, sizeof(*f));
	f->path = path;
	if (fd < 0)
		return complain_errno(path, GIVE_TRACE);
	result = load(f, fd, partial);
	close(fd);
	if (result)
		file_close(f);
	return result;
}

void file_close(struct trace_file *f)
{
	for (unsigned i = 0; i < TRACE_AREAS; i++)
		free(f->areas[i].chunks);
	if (f->data)
		munmap(f->data, f->mapped);
	memset(f, 0, sizeof(*f));
}

bool file_is_trace(const struct trace_header *h)
{
	return !memcmp(h->magic, TRACE_MAGIC, sizeof(h->magic)) && h->endian == TRACE_ENDIAN &&
	       h->version == TRACE_VERSION;
}

int file_peek_at(int fd, struct file_head *head)
{
	struct trace_header h;

	if (pread(fd, &h, sizeof(h), 0) != (ssize_t)sizeof(h) || !file_is_trace(&h))
		return -1;
	head->pid = h.pid;
	head->process_start = h.process_start;
	head->start_realtime_ns = h.start_realtime_ns;
	head->pid_space = h.pid_space;
	head->has_end = h.end != TRACE_END_NONE;
	head->is_exec = h.end == TRACE_END_EXEC;
	h.executable[sizeof(h.executable) - 1] = 0;
	snprintf(head->file, sizeof(head->file), "%.*s", (int)sizeof(head->file) - 1, path_file(h.executable));
	snprintf(head->program, sizeof(head->program), "%.*s", (int)sizeof(head->program) - 1, h.program);
	return 0;
}

int file_peek(const char *path, struct file_head *head)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	int result = fd < 0 ? -1 : file_peek_at(fd, head);

	if (fd >= 0)
		close(fd);
	return result;
}

static int write_all(int fd, const unsigned char *data, size_t size)
{
	while (size) {
		ssize_t put = write(fd, data, size);

		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0)
			return -1;
		data += put;
		size -= (size_t)put;
	}
	return 0;
}

int file_copy(const struct trace_file *f, const char *target, uint64_t now_us)
{
	int fd = open(target, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	struct trace_header *h = f->header;

	if (fd < 0) {
		fprintf(stderr, "leakshim: %s: cannot be created: %s; %s\n", target,
			strerror(errno), "give another name with -o");
		return -1;
	}
	h->file_used = f->size;
	for (unsigned i = 0; i < TRACE_AREAS; i++)
		h->areas[i].used = f->areas[i].used;
	if (h->end == TRACE_END_NONE) {
		h->flags |= TRACE_FLAG_COPY;
		h->end_time = now_us;
	}
	if (write_all(fd, f->data, f->size) || close(fd)) {
		fprintf(stderr, "leakshim: %s: cannot be written: %s; %s\n", target,
			strerror(errno), "give another place with -o");
		unlink(target);
		return -1;
	}
	return 0;
}

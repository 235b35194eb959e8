/* SPDX-License-Identifier: MIT */
/* What is written into the trace of another process: how it ended, and what it is asked to do. See file.h. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "file.h"

static void stamp_end(int fd, struct trace_header *h, int wait_status)
{
	const size_t from = offsetof(struct trace_header, end);
	const size_t to = offsetof(struct trace_header, stop_reason);
	struct timespec now;

	if (h->end == TRACE_END_EXIT) { /* all but the status is known */
		h->end_detail = WIFEXITED(wait_status) ? WEXITSTATUS(wait_status) : TRACE_DETAIL_UNKNOWN;
		if (pwrite(fd, &h->end_detail, sizeof(h->end_detail), offsetof(struct trace_header, end_detail)) < 0)
			fprintf(stderr, "leakshim: the status could not be written: %s\n", strerror(errno));
		return;
	}
	clock_gettime(CLOCK_MONOTONIC, &now);
	h->end_time = ((uint64_t)now.tv_sec * 1000000000ull + (uint64_t)now.tv_nsec -
		       h->start_monotonic_ns) / 1000u;
	if (WIFSIGNALED(wait_status)) {
		h->end = TRACE_END_SIGNAL;
		h->end_detail = WTERMSIG(wait_status);
	} else {
		h->end = TRACE_END_CALL;
		h->end_detail = WEXITSTATUS(wait_status);
	}
	if (pwrite(fd, (const char *)h + from, to - from, (off_t)from) < 0)
		fprintf(stderr, "leakshim: the trace's end could not be written: %s\n",
			strerror(errno));
}

void file_stamp(const char *path, int wait_status)
{
	struct trace_header h;
	struct stat st;
	int fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);

	if (fd < 0)
		return;
	if (pread(fd, &h, sizeof(h), 0) == (ssize_t)sizeof(h) && file_is_trace(&h) &&
	    !fstat(fd, &st)) {
		if (h.end == TRACE_END_NONE || (h.end == TRACE_END_EXIT && h.end_detail == TRACE_DETAIL_UNKNOWN))
			stamp_end(fd, &h, wait_status);
		if (h.file_used >= sizeof(h) && h.file_used < (uint64_t)st.st_size &&
		    ftruncate(fd, (off_t)h.file_used))
			fprintf(stderr, "leakshim: %s could not be cut to its length: %s\n", path,
				strerror(errno));
	}
	close(fd);
}

/* Opens a trace to ask something of the process that writes it. Returns a descriptor, or -1 after saying why not. */
static int open_for_order(const char *path, struct trace_header *h)
{
	int fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	uint64_t size;

	if (fd < 0) {
		fprintf(stderr, "leakshim: %s: cannot be written: %s\n", path, strerror(errno));
		return -1;
	}
	if (!file_header(fd, path, false, h, &size))
		return fd;
	close(fd);
	return -1;
}

int file_set_level(const char *path, int level)
{
	struct trace_header h;
	int fd = open_for_order(path, &h), was;
	uint32_t word;

	if (fd < 0)
		return -1;
	word = ((h.level >> 8) + 1) << 8 | (uint32_t)level;
	was = (int)trace_level(&h);
	if (pwrite(fd, &word, sizeof(word), offsetof(struct trace_header, level)) != (ssize_t)sizeof(word)) {
		fprintf(stderr, "leakshim: %s: cannot be written: %s\n", path, strerror(errno));
		was = -1;
	}
	close(fd);
	return was;
}

/* Those of some sites that lie in a chunk of sites; every word is written by itself. Returns how many. */
static unsigned focus_chunk(const struct trace_chunk *c, unsigned char *elements, uint32_t per_chunk, const uint32_t *sites,
			    unsigned count)
{
	unsigned set = 0;

	if (!per_chunk || c->element < sizeof(struct trace_site) || c->element % _Alignof(struct trace_site))
		return 0;
	for (unsigned i = 0; i < count; i++) {
		uint64_t in = sites[i] % per_chunk;
		struct trace_site *site = (struct trace_site *)(void *)(elements + in * c->element);

		if (sites[i] / per_chunk != c->ordinal || sizeof(*c) + (in + 1) * c->element > c->length)
			continue;
		__atomic_fetch_or(&site->owner, TRACE_SITE_FOCUS, __ATOMIC_RELAXED);
		set++;
	}
	return set;
}

/* Writes to the header and to sites while the program does. `h`: what was checked of the header, whose length is mapped. */
static int focus_mapped(unsigned char *at, const struct trace_header *h, const uint32_t *sites, unsigned count)
{
	struct trace_header *shared = (struct trace_header *)(void *)at;
	struct trace_chunk c;
	unsigned set = 0;

	for (uint64_t chunk = h->header_size; chunk + sizeof(c) <= h->file_used; chunk += c.length) {
		memcpy(&c, at + chunk, sizeof(c));
		if (c.magic != TRACE_CHUNK_MAGIC || c.length < sizeof(c) || c.length % TRACE_CHUNK_ALIGN ||
		    c.length > h->file_used - chunk)
			break;
		if (c.area == TRACE_AREA_SITE)
			set += focus_chunk(&c, at + chunk + sizeof(c), h->areas[TRACE_AREA_SITE].per_chunk, sites, count);
	}
	if (set) {
		__atomic_store_n(&shared->focus, 1, __ATOMIC_RELEASE);
		__atomic_fetch_add(&shared->level, 256, __ATOMIC_RELEASE);
	}
	return (int)set;
}

int file_set_focus(const char *path, const uint32_t *sites, unsigned count)
{
	struct trace_header h;
	int fd = open_for_order(path, &h), set = -1;
	unsigned char *at;

	if (fd < 0)
		return -1;
	at = mmap(NULL, h.file_used, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (at == MAP_FAILED) {
		fprintf(stderr, "leakshim: %s: cannot be mapped: %s\n", path, strerror(errno));
	} else {
		set = focus_mapped(at, &h, sites, count);
		munmap(at, h.file_used);
	}
	close(fd);
	return set;
}

static struct trace_header *map_header(const char *path)
{
	int fd = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	struct trace_header h;
	struct stat st;
	void *at = MAP_FAILED;

	if (fd < 0)
		return NULL;
	if (pread(fd, &h, sizeof(h), 0) == (ssize_t)sizeof(h) && file_is_trace(&h) && !fstat(fd, &st) &&
	    (uint64_t)st.st_size >= TRACE_HEADER_SIZE)
		at = mmap(NULL, TRACE_HEADER_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	return at == MAP_FAILED ? NULL : at;
}

unsigned file_answer(const char *path)
{
	struct trace_header *h = map_header(path);
	uint32_t now, before;

	if (!h)
		return 0;
	now = __atomic_load_n(&h->requests, __ATOMIC_ACQUIRE) & ~TRACE_REQUESTS_OPEN;
	before = __atomic_exchange_n(&h->answered, now, __ATOMIC_ACQ_REL);
	munmap(h, TRACE_HEADER_SIZE);
	return (now - before) / 2;
}

bool file_tell(const char *path, bool is_begun)
{
	struct trace_header *h = map_header(path);
	uint32_t before;

	if (!h)
		return true;
	before = is_begun ? __atomic_fetch_or(&h->telling, TRACE_TELLING_ASKED, __ATOMIC_SEQ_CST)
			  : __atomic_fetch_and(&h->telling, ~TRACE_TELLING_ASKED, __ATOMIC_SEQ_CST);
	munmap(h, TRACE_HEADER_SIZE);
	return !(before & TRACE_TELLING_LAST);
}

bool file_is_asked(const char *path)
{
	struct trace_header *h = map_header(path);
	uint32_t answered;
	bool is_asked;

	if (!h)
		return false;
	answered = __atomic_load_n(&h->answered, __ATOMIC_ACQUIRE) | TRACE_REQUESTS_OPEN;
	is_asked = !__atomic_compare_exchange_n(&h->requests, &answered, answered & ~TRACE_REQUESTS_OPEN, 0, __ATOMIC_ACQ_REL,
						__ATOMIC_ACQUIRE) && answered & TRACE_REQUESTS_OPEN;
	munmap(h, TRACE_HEADER_SIZE);
	return is_asked;
}

static void parted_mapped(unsigned char *at, const struct trace_header *h, const struct trace_parted *parted, unsigned count)
{
	struct trace_chunk c;

	for (uint64_t chunk = h->header_size; chunk + sizeof(c) <= h->file_used; chunk += c.length) {
		memcpy(&c, at + chunk, sizeof(c));
		if (c.magic != TRACE_CHUNK_MAGIC || c.length < sizeof(c) || c.length > h->file_used - chunk)
			return;
		if (c.area != TRACE_AREA_PARTED || c.ordinal || sizeof(c) + (count + 1) * sizeof(*parted) > c.length)
			continue;
		memcpy(at + chunk + sizeof(c) + sizeof(*parted), parted, count * sizeof(*parted));
		return;
	}
}

void file_note_parted(const char *path, const struct trace_parted *parted, unsigned count)
{
	struct trace_header h;
	int fd = count ? open_for_order(path, &h) : -1;
	unsigned char *at;

	if (fd < 0)
		return;
	at = count < h.areas[TRACE_AREA_PARTED].used ? mmap(NULL, h.file_used, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) : MAP_FAILED;
	if (at != MAP_FAILED) {
		parted_mapped(at, &h, parted, count);
		munmap(at, h.file_used);
	}
	close(fd);
}

int file_wish(const char *path)
{
	struct trace_header *h = map_header(path);

	if (!h)
		return -1;
	__atomic_store_n(&h->wished, __atomic_load_n(&h->granted, __ATOMIC_ACQUIRE) + 1, __ATOMIC_RELEASE);
	__atomic_fetch_add(&h->level, 1u << 8, __ATOMIC_RELEASE);
	munmap(h, TRACE_HEADER_SIZE);
	return 0;
}

bool file_is_granted(const char *path)
{
	struct trace_header *h = map_header(path);
	bool is_granted = h && __atomic_load_n(&h->granted, __ATOMIC_ACQUIRE) == __atomic_load_n(&h->wished, __ATOMIC_ACQUIRE);

	if (h)
		munmap(h, TRACE_HEADER_SIZE);
	return is_granted;
}

void file_unwish(const char *path)
{
	struct trace_header *h = map_header(path);

	if (!h)
		return;
	__atomic_store_n(&h->wished, __atomic_load_n(&h->granted, __ATOMIC_ACQUIRE), __ATOMIC_RELEASE);
	munmap(h, TRACE_HEADER_SIZE);
}

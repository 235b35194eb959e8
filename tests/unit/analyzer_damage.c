/* SPDX-License-Identifier: MIT */
/*
 * Reads a trace cut at every byte, and with every byte changed in several ways, and asks for sites to be looked at closely in
 * such ones.
 * Usage: analyzer_damage TRACE WORK-FILE. Ends with 0 if each cut was refused in one line
 * that names file and offset, and each change was either refused so or reported; and if what was asked for was written to
 * words of the header and of sites and nowhere else.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "diagnose.h"
#include "file.h"
#include "read.h"
#include "report.h"

static const char *work;
static FILE *nowhere;
static int said; /* what stderr was turned into */

static void write_work(const unsigned char *data, size_t size)
{
	int fd = open(work, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	if (fd < 0 || write(fd, data, size) != (ssize_t)size || close(fd))
		exit(3);
}

static void put_back(size_t at, unsigned char value)
{
	static int fd = -1;

	if (fd < 0)
		fd = open(work, O_WRONLY);
	if (pwrite(fd, &value, 1, (off_t)at) != 1)
		exit(3);
}

static void report_all(struct model *m)
{
	struct diagnose_options how = { .show = (1u << CLASSES) - 1, .max = 0 };
	struct symbols *s = symbols_open(m);
	struct diagnosis d;
	struct report report = { .model = m, .diagnosis = &d, .next = "" };
	struct report_json *json = report_json_open(nowhere);

	diagnose(&d, m, s, &how);
	report_text(nowhere, &report);
	report_json_add(json, &report);
	report_json_close(json);
	symbols_close(s);
}

static void hear_nothing(void)
{
	if (ftruncate(said, 0))
		exit(3);
	lseek(said, 0, SEEK_SET);
}

/* Ends the test if what failed was not said in one proper line, or if anything was said of what did not. */
static void want_words(int result, const char *doing, size_t at)
{
	char text[512] = { 0 }, wanted[512];

	if (pread(said, text, sizeof(text) - 1, 0) < 0)
		exit(3);
	snprintf(wanted, sizeof(wanted), "leakshim: %s: offset ", work);
	if (result ? strncmp(text, wanted, strlen(wanted)) || !strstr(text, "; ") ||
			     strchr(text, '\n') != text + strlen(text) - 1
		   : text[0]) {
		printf("%s at %zu: result %d, said: %s\n", doing, at, result, text);
		exit(1);
	}
}

/* Returns whether it was refused. */
static bool is_refused(bool partial, const char *doing, size_t at)
{
	struct read_options how = { .partial = partial };
	struct model m;
	int result;

	hear_nothing();
	result = read_trace(&m, work, &how);
	if (!result)
		report_all(&m);
	pool_drop(&m.pool);
	want_words(result, doing, at);
	return result;
}

static size_t load(const char *path, unsigned char **data)
{
	int fd = open(path, O_RDONLY);
	struct stat st;

	if (fd < 0 || fstat(fd, &st))
		exit(3);
	*data = malloc((size_t)st.st_size);
	if (!*data || read(fd, *data, (size_t)st.st_size) != st.st_size)
		exit(3);
	close(fd);
	return (size_t)st.st_size;
}

static unsigned char *now; /* what the file holds after a request */

/* Asks for the first sites to be looked at. `was`: what the file holds. Returns how many of them there were. */
static int focus(const unsigned char *was, size_t size, const char *doing, size_t at)
{
	static const uint32_t sites[] = { 0, 1, 2, 3 };
	int set, fd;

	hear_nothing();
	set = file_set_focus(work, sites, 4);
	want_words(set < 0, doing, at);
	fd = open(work, O_RDONLY);
	if (fd < 0 || read(fd, now, size) != (ssize_t)size || close(fd))
		exit(3);
	for (size_t i = TRACE_HEADER_SIZE; i < size; i++)
		if (now[i] != was[i] && (set <= 0 || i % 4 != 3 || (now[i] ^ was[i]) != TRACE_SITE_FOCUS >> 24)) {
			printf("focus, %s at %zu: %d were set, and the file has changed at %zu\n", doing, at, set, i);
			exit(1);
		}
	return set;
}

/* A chunk that does not begin where one can, of sites. Returns whether the trace has one to copy. */
static bool plant_odd_chunk(unsigned char *data, size_t size)
{
	struct trace_chunk *first = (struct trace_chunk *)(data + TRACE_HEADER_SIZE), c;
	const uint64_t odd = sizeof(c) + 101;

	for (size_t at = TRACE_HEADER_SIZE; at + sizeof(c) <= size; at += c.length) {
		memcpy(&c, data + at, sizeof(c));
		if (c.area != TRACE_AREA_SITE)
			continue;
		c.length = first->length - odd;
		first->length = odd;
		memcpy(data + TRACE_HEADER_SIZE + odd, &c, sizeof(c));
		return true;
	}
	return false;
}

/* Requests to cut and changed traces. */
static void focus_all(unsigned char *data, size_t size)
{
	unsigned char *changed = malloc(size);
	int set;

	if (!changed || !(now = malloc(size)))
		exit(3);
	write_work(data, size);
	set = focus(data, size, "whole", size);
	for (size_t at = TRACE_HEADER_SIZE; at < size; at += 512) {
		write_work(data, at);
		if (focus(data, at, "cut", at) >= 0)
			set = -1;
	}
	for (size_t at = 0; at < size; at++) {
		if (at >= TRACE_HEADER_SIZE && at % TRACE_CHUNK_ALIGN >= sizeof(struct trace_chunk))
			continue;
		if (!data[at] && at % 16)
			continue;
		memcpy(changed, data, size);
		changed[at] ^= 0x80;
		write_work(changed, size);
		focus(changed, size, "change", at);
	}
	memcpy(changed, data, size);
	if (!plant_odd_chunk(changed, size))
		exit(3);
	write_work(changed, size);
	focus(changed, size, "odd chunk", 0);
	free(changed);
	free(now);
	if (set <= 0) {
		printf("%d sites were found in a whole trace, or some in one that was cut\n", set);
		exit(1);
	}
}

int main(int argc, char **argv)
{
	static const unsigned char masks[] = { 0x01, 0x80, 0xff };
	unsigned char *data;
	size_t size, refused = 0, taken = 0;

	if (argc != 3)
		return 3;
	work = argv[2];
	nowhere = fopen("/dev/null", "w");
	said = memfd_create("said", 0);
	size = load(argv[1], &data);
	if (dup2(said, 2) < 0 || !nowhere)
		return 3;
	write_work(data, size);
	if (is_refused(false, "whole", size))
		return 1;
	for (size_t at = size; at-- > 0;) {
		if (truncate(work, (off_t)at))
			return 3;
		if (!is_refused(false, "cut", at)) {
			printf("cut at %zu: not refused\n", at);
			return 1;
		}
		if (at % 8 == 0)
			is_refused(true, "partial", at);
	}
	write_work(data, size);
	for (size_t at = 0; at < size; at++) {
		/* Strings and padding teach nothing after the first few. */
		if (at > 64 && !data[at] && !data[at - 1] && at % 16)
			continue;
		for (size_t i = 0; i < sizeof(masks); i++) {
			put_back(at, data[at] ^ masks[i]);
			if (is_refused(false, "change", at))
				refused++;
			else
				taken++;
		}
		put_back(at, data[at]);
	}
	focus_all(data, size);
	printf("%zu cuts refused; of the changes %zu refused, %zu reported\n", size, refused, taken);
	free(data);
	fclose(nowhere);
	return !refused || !taken;
}

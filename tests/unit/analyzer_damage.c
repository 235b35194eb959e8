/* SPDX-License-Identifier: MIT */
/*
 * Reads a trace cut at every byte, and with every byte changed in several ways.
 * Usage: analyzer_damage TRACE WORK-FILE. Ends with 0 if each cut was refused in one line
 * that names file and offset, and each change was either refused so or reported.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "diagnose.h"
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

/* Returns whether it was refused; ends the test if not in one proper line. */
static bool is_refused(bool partial, const char *doing, size_t at)
{
	struct read_options how = { .partial = partial };
	char text[512] = { 0 }, wanted[512];
	struct model m;
	int result;

	if (ftruncate(said, 0))
		exit(3);
	lseek(said, 0, SEEK_SET);
	result = read_trace(&m, work, &how);
	if (!result)
		report_all(&m);
	pool_drop(&m.pool);
	if (pread(said, text, sizeof(text) - 1, 0) < 0)
		exit(3);
	snprintf(wanted, sizeof(wanted), "leakshim: %s: offset ", work);
	if (result ? strncmp(text, wanted, strlen(wanted)) || !strstr(text, "; ") ||
			     strchr(text, '\n') != text + strlen(text) - 1
		   : text[0]) {
		printf("%s at %zu: result %d, said: %s\n", doing, at, result, text);
		exit(1);
	}
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
	printf("%zu cuts refused; of the changes %zu refused, %zu reported\n", size, refused, taken);
	free(data);
	fclose(nowhere);
	return !refused || !taken;
}

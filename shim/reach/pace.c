/* SPDX-License-Identifier: MIT */
#include "pace.h"

#include <fcntl.h>
#include <string.h>

#include "left.h"
#include "settings.h"
#include "state.h"
#include "sys.h"
#include "tasks.h"
#include "rules.h"

#define COPY_LEAST 200u   /* microseconds */
#define COPY_PER_MIB 40u  /* of 4 KiB pages, until one was made */
#define BLOCK_COST 46u    /* bytes of the scan's own memory for a block, */
#define MEMORY_PART 64u   /* and the part of the program's memory that its directory takes */
#define NEVER_MIND (64ull << 20)
#define LEFT_PART 10u     /* of the memory that is left, a look may take */
#define CROWD_MOST 16u
#define SLICE 4000u /* microseconds that one of many has the processor at a time */

/* What the last copy of this process took, and how much it was. A fork wipes it. */
struct pace_part {
	uint32_t copied_us, copied_kib;
};
#define pace_state STATE_PART(pace)
STATE_PART_FITS(pace);

/* Kilobytes of the process's own memory: two counters, no walk. */
static uint64_t own_memory(void)
{
	char text[4096];
	const char *at = tasks_status(text, sizeof text, "RssAnon:");

	return at ? tasks_number(&at, 10) : 0;
}

static const char *read_text(const char *path, char *text, size_t size)
{
	long fd = sys_call6(SYS_openat, AT_FDCWD, (long)path, O_RDONLY | O_CLOEXEC, 0, 0, 0);
	long n = sys_failed(fd) ? fd : sys_call3(SYS_read, fd, (long)text, (long)size - 1);

	if (!sys_failed(fd))
		sys_call3(SYS_close, fd, 0, 0);
	text[n > 0 ? n : 0] = 0;
	return text;
}

/* "0-3,6" */
static uint64_t count_processors(const char *at)
{
	uint64_t count = 0;

	while (*at >= '0' && *at <= '9') {
		uint64_t first = tasks_number(&at, 10), last = first;

		if (*at == '-') {
			at++;
			last = tasks_number(&at, 10);
		}
		count += last - first + 1;
		at += *at == ',';
	}
	return count;
}

/* How long something lasts that takes so much of a processor: its share of one, and what is not over in a moment is sent away from it
 * once more, as likely as not with a lock that the others wait for. "0.20 0.18 0.12 7/80 11206" has 7 that want to run. */
static uint64_t stretch(uint64_t us)
{
	char text[128];
	const char *at = strchr(read_text("/proc/loadavg", text, sizeof text), '/');
	uint64_t running, processors;

	while (at && at > text && at[-1] >= '0' && at[-1] <= '9')
		at--;
	running = at ? tasks_number(&at, 10) : 0;
	processors = count_processors(read_text("/sys/devices/system/cpu/online", text, sizeof text));
	if (!processors || running <= processors)
		return us;
	running = running < CROWD_MOST * processors ? running : CROWD_MOST * processors;
	return us * running / processors + (us < SLICE / 4 ? 0 : SLICE * (running - processors) / processors);
}

/* As the last one did. */
static uint64_t predict(uint64_t kib)
{
	if (pace_state.copied_kib)
		return COPY_LEAST + kib * pace_state.copied_us / pace_state.copied_kib;
	return COPY_LEAST + kib * COPY_PER_MIB / 1024;
}

enum pace pace_of(struct trace_scan *scan)
{
	uint64_t kib = own_memory(), own = kib * 1024;
	uint64_t scans = state.header->areas[TRACE_AREA_BLOCK].used * BLOCK_COST + own / MEMORY_PART;
	uint64_t most = scans + own > NEVER_MIND ? left_memory() / LEFT_PART : UINT64_MAX;

	scan->predicted_us = stretch(predict(kib));
	if (scans > NEVER_MIND && scans > most)
		scan->status = TRACE_SCAN_TOO_DEAR;
	if (scans + own > most)
		return PACE_SHARE;
	if (scan->predicted_us <= settings.pause * 1000)
		return PACE_COPY;
	pace_state.copied_us -= pace_state.copied_us / 8; /* it may have been a bad moment: tried again in the end */
	return PACE_IMAGE;
}

void pace_copied(uint64_t us)
{
	pace_state.copied_us = (uint32_t)us;
	pace_state.copied_kib = (uint32_t)own_memory();
}

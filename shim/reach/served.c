/* SPDX-License-Identifier: MIT */
#include "served.h"

#include <fcntl.h>
#include <string.h>

#include "proc.h"
#include "program.h"
#include "sys.h"
#include "tail.h"
#include "tasks.h"
#include "rules.h"

#define EVENT_FORK 2u
#define PLACES (sizeof "fdinfo/" + 16)

static int is_such(const char *name)
{
	char path[32] = "/proc/self/fd/", link[32];

	memcpy(path + strlen(path), name, strlen(name) + 1);
	long n = sys_call3(SYS_readlink, (long)path, (long)link, sizeof link - 1);
	link[n > 0 ? n : 0] = 0;
	return !strcmp(link, "anon_inode:[userfaultfd]");
}

/* "API:\t" version, features asked for, features there are; hexadecimal, with colons between. */
static int asks_for_forks(const char *name)
{
	char path[PLACES] = "fdinfo/", text[256];

	memcpy(path + strlen(path), name, strlen(name) + 1);
	long fd = proc_open(path, O_RDONLY), n = sys_failed(fd) ? fd : sys_call3(SYS_read, fd, (long)text, sizeof text - 1);

	if (!sys_failed(fd))
		sys_call3(SYS_close, fd, 0, 0);
	text[n > 0 ? n : 0] = 0;
	const char *at = strstr(text, "\nAPI:\t");
	at = at ? strchr(at + 6, ':') : 0;
	return !at++ || tasks_number(&at, 16) & EVENT_FORK;
}

int reach_served_hears_forks(void)
{
	unsigned char list[1024];
	long n = 0, fd = tail_faults ? proc_open("fd", O_RDONLY | O_DIRECTORY) : -1;
	int hears = 0, count = 0;

	if (!tail_faults)
		return 0;
	while (!hears && !sys_failed(fd) && (n = sys_call3(SYS_getdents64, fd, (long)list, sizeof list)) > 0)
		for (long at = 0; at < n && !hears;) {
			const struct sys_entry *e = (const struct sys_entry *)(list + at);

			if (e->name[0] != '.' && strlen(e->name) < 12 && is_such(e->name)) {
				count++;
				hears = asks_for_forks(e->name);
			}
			at += e->length;
		}
	if (!sys_failed(fd))
		sys_call3(SYS_close, fd, 0, 0);
	return hears || !count; /* another process may have it by now */
}

void reach_served_find(struct reach_maps *maps, uint32_t pid, struct reach_unread *unread, struct reach_arena *arena)
{
	struct reach_maps all = {0};
	char path[PROGRAM_PATH];

	if (!tail_faults || program_find(path, pid) || reach_maps_read(&all, program_file(path, "smaps"), arena))
		return;
	for (uint32_t i = 0; i < all.count; i++) {
		const struct reach_map *theirs = &all.map[i];
		struct reach_map *ours = (struct reach_map *)(uintptr_t)reach_maps_find(maps, theirs->start);

		if (!(theirs->flags & REACH_MAP_FAULTS))
			continue;
		for (; ours && ours < maps->map + maps->count && ours->start < theirs->end; ours++)
			ours->flags |= REACH_MAP_FAULTS;
		if (theirs->resident < theirs->end - theirs->start)
			reach_unread_note(unread, TRACE_UNREAD_ELSEWHERE, theirs, theirs->start,
					  theirs->end - theirs->start - theirs->resident);
	}
}

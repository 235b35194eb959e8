/* SPDX-License-Identifier: MIT */
#include "sources.h"

#include <fcntl.h>
#include <string.h>

#include "area.h"
#include "catalog.h"
#include "note.h"
#include "resource.h"
#include "state.h"
#include "sys.h"
#include "rules.h"

#define TYPES RESOURCE_LIBC_TYPE
#define PROBES 3072u
#define USER_TEXT (256u * 1024)
#define NAMES (32u * 1024)

struct probe_source sources[SOURCES];
uint32_t sources_used;
struct probe_type sources_types[TYPES];
struct probe_line sources_probes[PROBES];

static uint32_t types_used, probes_used;
static char user_text[USER_TEXT], names[NAMES];
static uint32_t user_text_used, names_used;

static uint32_t append(char *to, uint32_t at, uint32_t room, const char *text)
{
	while (*text && at + 1 < room)
		to[at++] = *text++;
	to[at] = 0;
	return at;
}

const char *sources_keep(const char *text)
{
	uint32_t at = names_used;

	for (uint32_t i = 0; i < names_used; i += (uint32_t)strlen(names + i) + 1)
		if (strcmp(names + i, text) == 0)
			return names + i;
	if (names_used + strlen(text) + 1 > NAMES)
		return "?";
	names_used = append(names, names_used, NAMES, text) + 1;
	return names + at;
}

void sources_problem(void *context, uint32_t line, uint32_t column, enum probe_gravity gravity, const char *text)
{
	const struct probe_source *f = context;
	char number[24], message[1024];
	uint32_t at = append(message, 0, sizeof(message), f->name), i, where;

	if (line) {
		at = append(message, at, sizeof(message), ":");
		at = append(message, at, sizeof(message), note_number(number, line));
		at = append(message, at, sizeof(message), ":");
		at = append(message, at, sizeof(message), note_number(number, column));
	}
	at = append(message, at, sizeof(message), gravity == PROBE_ERROR ? ": error: " : ": warning: ");
	at = append(message, at, sizeof(message), text);
	where = area_text(message, at);
	i = where ? area_take(TRACE_AREA_PROBLEM, 1) : 0;
	if (!i)
		return;
	struct trace_problem *p = state_problem(i);
	p->gravity = gravity;
	__atomic_store_n(&p->text, where, __ATOMIC_RELEASE);
}

void sources_read(struct probe_source *f)
{
	struct probe_set set = {.types = sources_types + types_used,
				.probes = sources_probes + probes_used,
				.types_max = TYPES - types_used,
				.probes_max = PROBES - probes_used};

	f->is_read = 1;
	probe_file_parse(f->name, f->text, f->size, &set, sources_problem, f);
	f->type_first = types_used;
	f->types = set.types_used;
	f->probe_first = probes_used;
	f->probes = set.probes_used;
	for (uint32_t i = 0; i < set.types_used; i++) {
		resource_types[types_used + i].declared = &sources_types[types_used + i];
		resource_types[types_used + i].file = f->name;
	}
	types_used += set.types_used;
	probes_used += set.probes_used;
	resource_types_used = types_used;
	for (uint32_t i = f->probe_first; i < probes_used; i++)
		sources_probes[i].type += f->type_first;
}

static struct probe_source *add_file(const char *name, const char *text, uint32_t size)
{
	struct probe_source *f = &sources[sources_used];

	if (sources_used == SOURCES)
		return 0;
	sources_used++;
	f->name = name;
	f->text = text;
	f->size = size;
	return f;
}

static void add_catalog(const char *only)
{
	for (uint32_t i = 0; i < catalog_count; i++) {
		const struct catalog_file *c = &catalog_files[i];
		int on_request = catalog_on_request(c->name);

		if (only ? strncmp(c->name, only, strlen(only)) == 0 && on_request : !on_request)
			add_file(c->name, c->text, (uint32_t)strlen(c->text));
	}
}

/* Reads a user's file into the text buffer. Returns its size, or -1. */
static long slurp(const char *path, char *to, uint32_t room)
{
	long fd = sys_call6(SYS_openat, AT_FDCWD, (long)path, O_RDONLY | O_CLOEXEC, 0, 0, 0);
	long used = 0, got = 1;

	if (sys_failed(fd))
		return -1;
	while (got > 0 && (uint32_t)used < room) {
		got = sys_call3(SYS_read, fd, (long)(to + used), (long)room - used);
		if (sys_failed(got))
			break;
		used += got;
	}
	sys_call3(SYS_close, fd, 0, 0);
	return got == 0 ? used : -1;
}

static void add_users(const char *path)
{
	const char *name = sources_keep(path);
	char *text = user_text + user_text_used;
	long size;
	struct probe_source *f;

	if (strcmp(path, "libc-io") == 0 || strcmp(path, "cpython") == 0) {
		add_catalog(path);
		return;
	}
	size = slurp(path, text, USER_TEXT - user_text_used);
	f = add_file(name, text, size > 0 ? (uint32_t)size : 0);
	if (!f)
		return;
	f->is_users = 1;
	if (size < 0) {
		note_say("cannot read the probe file ", name, ": it is ignored");
		sources_problem(f, 0, 0, PROBE_ERROR, "cannot be read, or larger than 256 KiB");
		return;
	}
	user_text_used += (uint32_t)size;
	sources_read(f);
}

void sources_start(const char *list)
{
	char path[1024];

	while (list && *list) {
		uint32_t n = 0;

		while (*list && *list != ',' && n + 1 < sizeof(path))
			path[n++] = *list++;
		path[n] = 0;
		while (*list && *list != ',')
			list++;
		list += *list == ',';
		if (n)
			add_users(path);
	}
	add_catalog(0);
}

int sources_concern(const struct probe_source *f, const char *name)
{
	const char *glob = "";

	for (uint32_t i = 0; i < catalog_count; i++)
		if (catalog_files[i].text == f->text)
			glob = catalog_files[i].globs;
	for (; *glob; glob += strlen(glob) + 1) {
		struct probe_word word = {glob, (uint32_t)strlen(glob), 1};

		if (probe_matches(&word, name))
			return 1;
	}
	return 0;
}

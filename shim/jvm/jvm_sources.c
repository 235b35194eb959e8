/* SPDX-License-Identifier: MIT */
/* The Java probe files: the user's and the catalog's, as types and probes of the resource table. */
#include <fcntl.h>
#include <string.h>

#include "catalog.h"
#include "jvm_private.h"
#include "note.h"
#include "sources.h"
#include "sys.h"
#include "rules.h"

#define USER_TEXT (64u * 1024)

struct jvm_type jvm_types[RESOURCE_JAVA_TYPES];
struct jvm_probe jvm_probes[RESOURCE_JAVA_PROBES];
uint32_t jvm_types_used, jvm_probes_used;

static struct java_type types[RESOURCE_JAVA_TYPES];
static struct java_probe probes[RESOURCE_JAVA_PROBES];
static struct probe_type declared_types[RESOURCE_JAVA_TYPES];
static struct probe_line declared_probes[RESOURCE_JAVA_PROBES];
static char user_text[USER_TEXT];
static uint32_t user_text_used;

static void declare_type(uint32_t i, const char *file)
{
	struct resource_type *r = &resource_types[RESOURCE_JAVA_TYPE + i];

	jvm_types[i] = (struct jvm_type){&types[i], file};
	declared_types[i] = (struct probe_type){.name = types[i].name,
						.library = types[i].class_name,
						.initial = 1,
						.block = PROBE_BLOCK_SLAB,
						.line = types[i].line};
	r->declared = &declared_types[i];
	r->file = file;
	r->is_java = 1;
}

/* To the table, `inside` and `work` are touches. */
static void declare_probe(uint32_t i, uint32_t type_first, const char *file, int is_users)
{
	struct resource_probe *r = &resource_probes[RESOURCE_JAVA_PROBE + i];

	probes[i].type += type_first;
	jvm_probes[i] = (struct jvm_probe){&probes[i], file, probes[i].type, is_users};
	declared_probes[i] = (struct probe_line){.symbol = probes[i].method,
						 .type = RESOURCE_JAVA_TYPE + probes[i].type,
						 .line = probes[i].line,
						 .verb = (uint8_t)(probes[i].verb < PROBE_VERBS ? probes[i].verb : PROBE_TOUCH)};
	r->declared = &declared_probes[i];
	r->file = file;
	r->type = RESOURCE_JAVA_TYPE + probes[i].type;
	r->status = TRACE_PROBE_NOT_LOADED;
}

static void add(const char *name, const char *text, size_t size, int is_users)
{
	struct probe_source source = {.name = name};
	struct java_set set = {.types = types + jvm_types_used,
			       .probes = probes + jvm_probes_used,
			       .types_max = RESOURCE_JAVA_TYPES - jvm_types_used,
			       .probes_max = RESOURCE_JAVA_PROBES - jvm_probes_used};

	java_probes_parse(text, size, &set, sources_problem, &source);
	for (uint32_t i = 0; i < set.types_used; i++)
		declare_type(jvm_types_used + i, name);
	for (uint32_t i = 0; i < set.probes_used; i++)
		declare_probe(jvm_probes_used + i, jvm_types_used, name, is_users);
	jvm_types_used += set.types_used;
	jvm_probes_used += set.probes_used;
}

/* Reads a user's file behind what was read before. Returns its size or -1. */
static long slurp(const char *path)
{
	long fd = sys_call6(SYS_openat, AT_FDCWD, (long)path, O_RDONLY | O_CLOEXEC, 0, 0, 0), used = 0, got = 1;

	if (sys_failed(fd))
		return -1;
	while (got > 0 && user_text_used + (uint32_t)used < USER_TEXT) {
		got = sys_call3(SYS_read, fd, (long)(user_text + user_text_used + used), (long)(USER_TEXT - user_text_used) - used);
		used += sys_failed(got) ? 0 : got;
	}
	sys_call3(SYS_close, fd, 0, 0);
	return got == 0 ? used : -1;
}

static void add_users(const char *path)
{
	const char *name = sources_keep(path);
	struct probe_source source = {.name = name};
	long size = slurp(path);

	if (size < 0) {
		note_say("cannot read the probe file ", name, ": it is ignored");
		sources_problem(&source, 0, 0, PROBE_ERROR, "cannot be read, or there is more than 64 KiB of them");
		return;
	}
	add(name, user_text + user_text_used, (size_t)size, 1);
	user_text_used += (uint32_t)size;
}

void sources_java(const char *list)
{
	char path[1024];

	while (list && *list) {
		uint32_t n = 0;

		for (; *list && *list != ','; list++)
			if (n + 1 < sizeof path)
				path[n++] = *list;
		path[n] = 0;
		list += *list == ',';
		if (java_probes_is(path))
			add_users(path);
	}
	for (uint32_t i = 0; i < catalog_java_count; i++)
		add(catalog_java[i].name, catalog_java[i].text, strlen(catalog_java[i].text), 0);
}

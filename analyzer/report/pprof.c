/* SPDX-License-Identifier: MIT */
/*
 * Diagnosis -> a profile of pprof (profile.proto of github.com/google/pprof, compressed by gzip): a sample a group, with what is
 * alive, what was ever made there, and the peak; labels class and fingerprint.
 *
 * The few messages are written by hand: field numbers stand beside each call. Kept until the end are only the tables that samples
 * refer to: texts, functions, locations, mappings.
 */
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "entry.h"
#include "format.h"
#include "numbers.h"
#include "words.h"

struct bytes {
	unsigned char *at;
	size_t used, room;
};

struct pprof {
	FILE *to;
	const struct format_settings *settings;
	const struct report *report;
	struct bytes out;     /* samples, functions, locations, mappings, as they come */
	struct bytes texts;   /* the string table */
	struct numbers text_ids, function_ids, location_ids, mapping_ids;
	uint64_t time_ns;
	struct pool scratch;
};

static void put_raw(struct bytes *b, const void *data, size_t size)
{
	if (b->used + size > b->room) {
		b->room = (b->used + size) * 2;
		b->at = pool_regrow(b->at, b->room, 1);
	}
	memcpy(b->at + b->used, data, size);
	b->used += size;
}

static void put_varint(struct bytes *b, uint64_t value)
{
	unsigned char text[10];
	size_t size = 0;

	do
		text[size++] = (unsigned char)((value & 127) | (value > 127 ? 128 : 0));
	while (value >>= 7);
	put_raw(b, text, size);
}

static void put_number(struct bytes *b, unsigned field, uint64_t value)
{
	if (!value)
		return; /* the default */
	put_varint(b, field << 3);
	put_varint(b, value);
}

static void put_bytes(struct bytes *b, unsigned field, const void *data, size_t size)
{
	put_varint(b, field << 3 | 2);
	put_varint(b, size);
	put_raw(b, data, size);
}

static void put_message(struct bytes *b, unsigned field, struct bytes *message)
{
	put_bytes(b, field, message->at, message->used);
	free(message->at);
}

static uint64_t text_id(struct pprof *p, const char *text)
{
	bool is_new;
	uint64_t id = numbers_of(&p->text_ids, text, &is_new);

	if (is_new)
		put_bytes(&p->texts, 6, text, strlen(text)); /* Profile.string_table */
	return id;
}

static const struct module *module_of(const struct pprof *p, const char *path)
{
	const struct model *m = p->report->model;

	for (uint32_t i = 0; i < m->module_count; i++)
		if (m->modules[i].path && !strcmp(m->modules[i].path, path))
			return &m->modules[i];
	return NULL;
}

static uint64_t mapping_id(struct pprof *p, const char *path)
{
	const struct module *module = module_of(p, path);
	struct bytes b = { 0 };
	char build_id[41] = "";
	bool is_new;
	uint64_t id = numbers_of(&p->mapping_ids, path, &is_new);

	if (!is_new)
		return id;
	for (unsigned i = 0; module && i < module->build_id_size; i++)
		sprintf(build_id + 2 * i, "%02x", module->build_id[i]);
	put_number(&b, 1, id);
	put_number(&b, 2, module ? module->start : 0); /* memory_start */
	put_number(&b, 3, module ? module->end : 0);
	put_number(&b, 5, text_id(p, path));     /* filename */
	put_number(&b, 6, text_id(p, build_id));
	put_number(&b, 7, 1); /* has_functions */
	put_message(&p->out, 3, &b); /* Profile.mapping */
	return id;
}

static uint64_t function_id(struct pprof *p, const char *name, const char *file)
{
	struct bytes b = { 0 };
	bool is_new;
	uint64_t id = numbers_of(&p->function_ids, pool_print(&p->scratch, "%s\n%s", name, file), &is_new);

	if (!is_new)
		return id;
	put_number(&b, 1, id);
	put_number(&b, 2, text_id(p, name));
	put_number(&b, 3, text_id(p, name)); /* system_name */
	put_number(&b, 4, text_id(p, file));
	put_message(&p->out, 5, &b); /* Profile.function */
	return id;
}

/* `count` spots, the last of which is the function and those before it were inlined there. */
static uint64_t location_id(struct pprof *p, const struct spot *spots, unsigned count)
{
	const struct spot *outer = &spots[count - 1];
	struct bytes b = { 0 };
	bool is_new;
	const char *name = entry_spot_text(&p->scratch, outer);
	uint64_t id = numbers_of(&p->location_ids,
			    pool_print(&p->scratch, "%s\n%lx\n%s", outer->module ? outer->module : "", (long)outer->offset, name), &is_new);

	if (!is_new)
		return id;
	put_number(&b, 1, id);
	put_number(&b, 2, outer->module ? mapping_id(p, outer->module) : 0);
	put_number(&b, 3, outer->offset); /* address */
	for (unsigned i = 0; i < count; i++) {
		struct bytes line = { 0 };
		const char *function = spots[i].function ? spots[i].function : entry_spot_text(&p->scratch, &spots[i]);

		put_number(&line, 1, function_id(p, function, spots[i].file ? spots[i].file : ""));
		put_number(&line, 2, spots[i].line);
		put_message(&b, 4, &line);
	}
	put_message(&p->out, 4, &b); /* Profile.location */
	return id;
}

static void put_label(struct pprof *p, struct bytes *sample, const char *key, const char *text)
{
	struct bytes b = { 0 };

	put_number(&b, 1, text_id(p, key));
	put_number(&b, 2, text_id(p, text));
	put_message(sample, 3, &b);
}

static void put_sample(void *data, const struct entry *e)
{
	struct pprof *p = data;
	struct bytes sample = { 0 }, ids = { 0 }, values = { 0 };
	const struct trail *created = e->trails;

	if (!e->leak)
		return;
	for (unsigned i = 0, first = 0; i < created->count; i++) {
		if (created->spots[i].is_inlined)
			continue;
		put_varint(&ids, location_id(p, &created->spots[first], i + 1 - first));
		first = i + 1;
	}
	put_message(&sample, 1, &ids);
	put_varint(&values, (uint64_t)e->count);
	put_varint(&values, (uint64_t)e->bytes);
	put_varint(&values, e->leak->ever_blocks);
	put_varint(&values, e->leak->peak);
	put_message(&sample, 2, &values);
	put_label(p, &sample, "class", entry_rules[e->rule].id);
	put_label(p, &sample, "fingerprint", e->fingerprint);
	put_message(&p->out, 2, &sample); /* Profile.sample */
	pool_drop(&p->scratch);
}

static void put_type(struct pprof *p, unsigned field, const char *type, const char *unit)
{
	struct bytes b = { 0 };

	put_number(&b, 1, text_id(p, type));
	put_number(&b, 2, text_id(p, unit));
	put_message(&p->out, field, &b);
}

static void *open_pprof(FILE *to, const struct format_settings *settings)
{
	struct pprof *p = pool_regrow(NULL, 1, sizeof(*p));

	*p = (struct pprof){ .to = to, .settings = settings, .function_ids.next = 1, .location_ids.next = 1,
			     .mapping_ids.next = 1 };
	text_id(p, ""); /* number 0 */
	put_type(p, 1, "live_objects", "count");
	put_type(p, 1, "live_space", "bytes");
	put_type(p, 1, "total_objects", "count");
	put_type(p, 1, "peak_space", "bytes");
	return p;
}

static void add_report(void *self, const struct report *report)
{
	struct pprof *p = self;

	p->report = report;
	p->time_ns = report->model->start_realtime_ns + report->model->now_us * 1000;
	mapping_id(p, words_utf8(&p->scratch, *report->model->executable ? report->model->executable : report->model->program));
	entry_each(report, p->settings->source_root, false, put_sample, p);
}

static void write_compressed(FILE *to, const struct bytes *b)
{
	z_stream z = { .next_in = b->at, .avail_in = (uInt)b->used };
	unsigned char text[65536];
	int status;

	if (deflateInit2(&z, Z_DEFAULT_COMPRESSION, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK)
		abort();
	do {
		z.next_out = text;
		z.avail_out = sizeof(text);
		status = deflate(&z, Z_FINISH);
		fwrite(text, 1, sizeof(text) - z.avail_out, to);
	} while (status == Z_OK);
	deflateEnd(&z);
}

static void close_pprof(void *self)
{
	struct pprof *p = self;

	put_number(&p->out, 9, p->time_ns);                 /* time_nanos */
	put_number(&p->out, 14, text_id(p, "live_space")); /* default_sample_type */
	put_raw(&p->out, p->texts.at, p->texts.used);
	write_compressed(p->to, &p->out);
	numbers_drop(&p->text_ids);
	numbers_drop(&p->function_ids);
	numbers_drop(&p->location_ids);
	numbers_drop(&p->mapping_ids);
	free(p->texts.at);
	free(p->out.at);
	pool_drop(&p->scratch);
	free(p);
}

const struct format format_pprof = { "pprof", true, open_pprof, add_report, close_pprof, NULL };

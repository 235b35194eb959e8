/* SPDX-License-Identifier: MIT */
/* Trace -> model: which Python code made blocks, see read.h and read_parts.h. */
#include <stdlib.h>
#include <string.h>

#include "read_parts.h"

/* Of a living block, until the blocks are in the model. */
struct maker {
	uint64_t address;
	uint32_t site, time, stack;
};

static int by_address(const void *left, const void *right)
{
	const struct maker *a = left, *b = right;

	return a->address < b->address ? -1 : a->address > b->address;
}

static int by_site(const void *left, const void *right)
{
	const struct python_seen *a = left, *b = right;

	return a->site < b->site ? -1 : a->site > b->site;
}

static int read_frame(struct model *m, const struct trace_file *f, const void *from, uint32_t i, const struct trace_python *t)
{
	struct python_frame *to = &m->python_frames[i];
	uint32_t outer = t->stack;

	if (check_index(f, from, &outer, i, "a Python frame was called from one that is not there"))
		return -1;
	*to = (struct python_frame){ .function = text_at(m, f, t->name), .file = t->file ? text_at(m, f, t->file) : NULL,
				     .line = t->line, .outer = outer };
	if (!to->function || (t->file && !to->file))
		return file_complain_at(f, from, "a name of Python code lies nowhere");
	if (to->file && !*to->file)
		to->file = NULL;
	return 0;
}

/* Only what is a frame may be named as one. */
static uint32_t stack_of(const struct model *m, uint32_t stack)
{
	return stack < m->python_frame_count && m->python_frames[stack].function ? stack : 0;
}

static int read_seen(struct model *m, const struct trace_file *f, const void *from, const struct trace_python *t)
{
	uint32_t site = t->site;

	if (!t->count)
		return 0;
	if (check_index(f, from, &site, m->site_count, "Python code belongs to no site"))
		return -1;
	m->python_seen[m->python_seen_count++] =
		(struct python_seen){ .site = site, .stack = stack_of(m, t->stack), .count = t->count };
	return 0;
}

static void note_makers(struct model *m, struct maker *makers, uint32_t count)
{
	if (!count)
		return;
	qsort(makers, count, sizeof(*makers), by_address);
	m->python_of = pool_array(&m->pool, m->block_count, sizeof(*m->python_of));
	for (uint32_t i = 0; i < m->block_count; i++) {
		const struct block *b = &m->blocks[i];
		struct maker key = { .address = b->address };
		const struct maker *found = bsearch(&key, makers, count, sizeof(key), by_address);

		if (found && found->site == b->site && found->time == (uint32_t)b->time_us)
			m->python_of[i] = stack_of(m, found->stack);
	}
}

/* Frames lie before what names them. */
static int read_element(struct model *m, const struct trace_file *f, uint32_t i, struct maker *makers, uint32_t *count)
{
	struct trace_python t;
	const void *from = ELEMENT(f, TRACE_AREA_PYTHON, i, &t);

	switch (from ? t.kind : TRACE_PYTHON_NONE) {
	case TRACE_PYTHON_FRAME:
		return read_frame(m, f, from, i, &t);
	case TRACE_PYTHON_SEEN:
		return read_seen(m, f, from, &t);
	case TRACE_PYTHON_BLOCK:
		makers[(*count)++] = (struct maker){ .address = t.count, .site = t.site, .time = t.line, .stack = t.stack };
		return 0;
	case TRACE_PYTHON_REFUSED:
		m->python_refusal = text_at(m, f, t.name);
		return 0;
	default:
		return 0;
	}
}

int read_python(struct model *m, const struct trace_file *f)
{
	uint32_t used = area_count(f, TRACE_AREA_PYTHON), count = 0;
	struct maker *makers;
	int result = 0;

	if (used < 2)
		return 0;
	m->python_frame_count = used;
	m->python_frames = pool_array(&m->pool, used, sizeof(*m->python_frames));
	m->python_seen = pool_array(&m->pool, used, sizeof(*m->python_seen));
	makers = pool_array(&m->pool, used, sizeof(*makers));
	for (uint32_t i = 1; i < used && !result; i++)
		result = read_element(m, f, i, makers, &count);
	if (result)
		return result;
	if (m->python_seen_count)
		qsort(m->python_seen, m->python_seen_count, sizeof(*m->python_seen), by_site);
	note_makers(m, makers, count);
	return 0;
}

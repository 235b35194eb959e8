/* SPDX-License-Identifier: MIT */
/* A trace that the analyzer makes itself: see write.h. */
#include "write.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "pool.h"

static void make_room(struct write_area *a, size_t more)
{
	if (a->count + more <= a->room)
		return;
	a->room = (a->count + more) * 2 + 64;
	a->data = pool_regrow(a->data, a->room, a->element);
}

static struct write_area *area_of(struct trace_write *w, enum trace_area which, uint32_t size)
{
	struct write_area *a = &w->areas[which];

	if (a->count)
		return a;
	a->element = size;
	make_room(a, 1);
	memset(a->data, 0, size); /* "none" */
	a->count = 1;
	return a;
}

uint32_t write_add(struct trace_write *w, enum trace_area which, const void *element, uint32_t size)
{
	struct write_area *a = area_of(w, which, size);

	make_room(a, 1);
	memcpy(a->data + (size_t)a->count * size, element, size);
	return a->count++;
}

void *write_at(struct trace_write *w, enum trace_area which, uint32_t i)
{
	return w->areas[which].data + (size_t)i * w->areas[which].element;
}

uint32_t write_text(struct trace_write *w, const char *text)
{
	struct write_area *a = area_of(w, TRACE_AREA_TEXT, 1);
	uint32_t at = a->count, size = (uint32_t)strlen(text) + 1;

	make_room(a, size);
	memcpy(a->data + at, text, size);
	a->count += size;
	return at;
}

static int put(int fd, const void *data, size_t size)
{
	const unsigned char *at = data;

	while (size) {
		ssize_t done = write(fd, at, size);

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return -1;
		at += done;
		size -= (size_t)done;
	}
	return 0;
}

/* An area is one chunk. */
static uint64_t chunk_length(const struct write_area *a)
{
	uint64_t size = sizeof(struct trace_chunk) + (uint64_t)a->count * a->element;

	return a->count ? (size + TRACE_CHUNK_ALIGN - 1) / TRACE_CHUNK_ALIGN * TRACE_CHUNK_ALIGN : 0;
}

static int put_chunk(const struct write_area *a, uint32_t area, int fd)
{
	static const unsigned char zeros[TRACE_CHUNK_ALIGN];
	struct trace_chunk head = { .magic = TRACE_CHUNK_MAGIC, .area = area, .element = a->element,
				    .length = chunk_length(a) };
	size_t size = (size_t)a->count * a->element;

	if (!a->count)
		return 0;
	return put(fd, &head, sizeof(head)) || put(fd, a->data, size) || put(fd, zeros, head.length - sizeof(head) - size) ? -1 : 0;
}

int write_file(struct trace_write *w, int fd)
{
	unsigned char head[TRACE_HEADER_SIZE] = { 0 };
	struct trace_header *h = &w->header;

	memcpy(h->magic, TRACE_MAGIC, sizeof(h->magic));
	h->version = TRACE_VERSION;
	h->endian = TRACE_ENDIAN;
	h->header_size = h->file_used = TRACE_HEADER_SIZE;
	for (uint32_t i = 0; i < TRACE_AREAS; i++) {
		const struct write_area *a = &w->areas[i];

		h->areas[i] = (struct trace_area_head){ .used = a->count, .element = a->element, .per_chunk = a->count };
		h->file_used += chunk_length(a);
	}
	memcpy(head, h, sizeof(*h));
	if (put(fd, head, sizeof(head)))
		return -1;
	for (uint32_t i = 0; i < TRACE_AREAS; i++)
		if (put_chunk(&w->areas[i], i, fd))
			return -1;
	return 0;
}

void write_drop(struct trace_write *w)
{
	for (uint32_t i = 0; i < TRACE_AREAS; i++)
		free(w->areas[i].data);
}

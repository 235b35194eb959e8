/* SPDX-License-Identifier: MIT */
/* answer: owner-freed; in digest_free; at the lines between the marks */
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct stream { int refs; void (*feed)(struct stream *, const char *); void (*free)(struct stream *); };
struct digest { struct stream io; struct stream *next; unsigned *table; unsigned sum; };

static __attribute__((noinline)) struct stream *stream_ref(struct stream *s)
{
	if (s)
		s->refs++;
	return s;
}

static __attribute__((noinline)) void stream_unref(struct stream *s)
{
	if (s && --s->refs == 0)
		s->free(s);
}

static void digest_feed(struct stream *s, const char *text)
{
	struct digest *d = (struct digest *)s;

	for (; *text; text++)
		d->sum += d->table[(unsigned char)*text % 16];
	if (d->next)
		d->next->feed(d->next, text);
}

static void digest_free(struct stream *s)
{
	struct digest *d = (struct digest *)s;

	stream_unref(d->next); /* <<< */
#ifndef FAULT
	free(d->table);
#endif
	free(d); /* >>> */
}

static __attribute__((noinline)) struct stream *digest_new(struct stream *next)
{
	struct digest *d = calloc(1, sizeof(*d));
	struct stream *io = stream_ref(&d->io);

	io->feed = digest_feed;
	io->free = digest_free;
	d->next = stream_ref(next);
	d->table = malloc(16 * sizeof(*d->table));
	for (unsigned i = 0; i < 16; i++)
		d->table[i] = i * 7 % 16;
	io = stream_ref(io);
	stream_unref(&d->io);
	return io;
}

static __attribute__((noinline)) unsigned digest_of(const char *text)
{
	struct stream *s = digest_new(NULL);
	unsigned sum;

	s->feed(s, text);
	sum = ((struct digest *)s)->sum;
	stream_unref(s);
	return sum;
}

int main(void)
{
	printf("%u %u %u\n", digest_of("one"), digest_of("two"), digest_of("three"));
	return 0;
}

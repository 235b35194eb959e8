/* SPDX-License-Identifier: MIT */
/* answer: overwritten|dropped-queue|never-released|error-path; in history_push; at the lines between the marks */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEPTH 8

struct edit {
	size_t at;
	char *removed;
	char *added;
};

struct history {
	struct edit *ring[DEPTH];
	unsigned first, count;
};

struct document {
	char text[256];
	struct history history;
};

static struct edit *edit_new(size_t at, const char *removed, const char *added)
{
	struct edit *e = malloc(sizeof(*e));

	e->at = at;
	e->removed = strdup(removed);
	e->added = strdup(added);
	return e;
}

static void edit_free(struct edit *e)
{
	free(e->removed);
	free(e->added);
	free(e);
}

static void history_push(struct history *h, struct edit *e)
{
	if (h->count == DEPTH) { /* <<< */
#ifndef FAULT
		edit_free(h->ring[h->first]);
#endif
		h->first = (h->first + 1) % DEPTH;
		h->count--;
	} /* >>> */
	h->ring[(h->first + h->count++) % DEPTH] = e;
}

static void document_append(struct document *d, const char *s)
{
	size_t at = strlen(d->text);

	if (at + strlen(s) >= sizeof(d->text))
		d->text[at = 0] = '\0';
	strcpy(d->text + at, s);
	history_push(&d->history, edit_new(at, "", s));
}

static int document_undo(struct document *d)
{
	struct history *h = &d->history;
	struct edit *e;

	if (!h->count)
		return 0;
	e = h->ring[(h->first + --h->count) % DEPTH];
	strcpy(d->text + e->at, e->removed);
	edit_free(e);
	return 1;
}

int main(void)
{
	struct document d = { "", { { NULL }, 0, 0 } };
	int undone = 0;

	for (int i = 0; i < 60; i++) {
		document_append(&d, i % 2 ? "tick " : "tock ");
		if (i % 9 == 4)
			undone += document_undo(&d) + document_undo(&d);
	}
	while (document_undo(&d))
		undone++;
	printf("%d\n", undone);
	return 0;
}

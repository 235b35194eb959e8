/* SPDX-License-Identifier: MIT */
/* answer: dropped-queue|owner-freed; in spooler_stop; at the lines between the marks */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct job {
	char *document;
	int pages;
};

struct spooler {
	struct job **jobs;
	size_t head, count, room;
};

static struct spooler *spooler_start(size_t room)
{
	struct spooler *s = malloc(sizeof *s);

	s->jobs = calloc(room, sizeof *s->jobs);
	s->head = s->count = 0;
	s->room = room;
	return s;
}

static struct job *job_new(const char *document, int pages)
{
	struct job *j = malloc(sizeof *j);

	j->document = strdup(document);
	j->pages = pages;
	return j;
}

static void job_free(struct job *j)
{
	free(j->document);
	free(j);
}

static int spooler_submit(struct spooler *s, struct job *j)
{
	if (s->count == s->room)
		return -1;
	s->jobs[(s->head + s->count++) % s->room] = j;
	return 0;
}

static int spooler_print(struct spooler *s)
{
	struct job *j;
	int pages;

	if (!s->count)
		return 0;
	j = s->jobs[s->head];
	s->head = (s->head + 1) % s->room;
	s->count--;
	pages = j->pages;
	job_free(j);
	return pages;
}

static void spooler_stop(struct spooler *s)
{
#ifndef FAULT
	while (s->count)
		spooler_print(s);
#endif
	free(s->jobs); /* <<< */
	free(s);
} /* >>> */

static int office_day(int visitors)
{
	struct spooler *s = spooler_start(12);
	char name[32];
	int pages = 0;

	for (int i = 0; i < visitors; i++) {
		struct job *j;

		snprintf(name, sizeof name, "letter-%d.ps", i);
		j = job_new(name, 1 + i % 4);
		if (spooler_submit(s, j) < 0)
			job_free(j);
		if (i % 5)
			pages += spooler_print(s);
	}
	spooler_stop(s);
	return pages;
}

int main(void)
{
	int pages = 0;

	for (int day = 0; day < 7; day++)
		pages += office_day(8 + day * 2);
	printf("%d\n", pages);
	return 0;
}

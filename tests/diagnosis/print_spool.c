/* SPDX-License-Identifier: MIT */
/* answer: owner-freed|dropped-queue; in printer_remove; at the lines between the marks */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct job { char title[20]; int pages; struct job *after; };
struct spool { int waiting; struct job *first; struct job **end; };
struct printer { char name[16]; int printed; struct spool spool; struct printer *other; };

static struct printer *printers;

static struct printer *printer_add(const char *name)
{
	struct printer *p = calloc(1, sizeof(*p));

	snprintf(p->name, sizeof(p->name), "%s", name);
	p->spool.end = &p->spool.first;
	p->other = printers;
	printers = p;
	return p;
}

static void job_queue(struct spool *s, int number)
{
	struct job *j = malloc(sizeof(*j));

	snprintf(j->title, sizeof(j->title), "paper %d", number);
	j->pages = number % 4 + 1;
	j->after = NULL;
	*s->end = j;
	s->end = &j->after;
	s->waiting++;
}

static struct job *job_take(struct spool *s)
{
	struct job *j = s->first;

	if (!j)
		return NULL;
	s->first = j->after;
	if (!s->first)
		s->end = &s->first;
	s->waiting--;
	return j;
}

static void printer_work(struct printer *p)
{
	struct job *j = job_take(&p->spool);

	if (!j)
		return;
	p->printed += j->pages;
	free(j);
}

static int printer_remove(struct printer *p)
{
	int printed = p->printed;

	for (struct printer **at = &printers; *at; at = &(*at)->other)
		if (*at == p) {
			*at = p->other;
			break;
		}
#ifndef FAULT
	for (struct job *j; (j = job_take(&p->spool));)
		free(j);
#endif
	free(p); /* <<< */
	return printed; /* >>> */
}

int main(void)
{
	int pages = 0;

	for (int day = 0; day < 8; day++) {
		struct printer *p = printer_add(day % 2 ? "upstairs" : "downstairs");

		for (int i = 0; i < 12; i++) {
			job_queue(&p->spool, day * 12 + i);
			if (i % 4 != 3)
				printer_work(p);
		}
		while (day % 4 == 1 && p->spool.first)
			printer_work(p);
		pages += printer_remove(p);
	}
	printf("%d pages\n", pages);
	return 0;
}

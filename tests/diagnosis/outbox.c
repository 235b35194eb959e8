/* SPDX-License-Identifier: MIT */
/* answer: shutdown-not-drained|dropped-queue; in outbox_close|main; at the lines between the marks */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct mail {
	struct mail *next;
	char *to;
	char *text;
};

struct outbox {
	pthread_mutex_t lock;
	pthread_cond_t more;
	struct mail *head, *tail;
	pthread_t sender;
	int closing, sent;
};

static struct outbox box = { PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER };

static void mail_free(struct mail *m)
{
	free(m->to);
	free(m->text);
	free(m);
}

static void *sender_main(void *arg)
{
	struct outbox *b = arg;

	pthread_mutex_lock(&b->lock);
	while (!b->closing) {
		struct mail *m = b->head;

		if (!m) {
			pthread_cond_wait(&b->more, &b->lock);
			continue;
		}
		b->head = m->next;
		if (!b->head)
			b->tail = NULL;
		pthread_mutex_unlock(&b->lock);
		usleep(500);
		mail_free(m);
		pthread_mutex_lock(&b->lock);
		b->sent++;
	}
	pthread_mutex_unlock(&b->lock);
	return NULL;
}

static void outbox_add(struct outbox *b, const char *to, const char *text)
{
	struct mail *m = malloc(sizeof(*m));

	m->next = NULL;
	m->to = strdup(to);
	m->text = strdup(text);
	pthread_mutex_lock(&b->lock);
	if (b->tail)
		b->tail->next = m;
	else
		b->head = m;
	b->tail = m;
	pthread_cond_signal(&b->more);
	pthread_mutex_unlock(&b->lock);
}

static void outbox_close(struct outbox *b)
{
	pthread_mutex_lock(&b->lock); /* <<< */
	b->closing = 1;
	pthread_cond_signal(&b->more);
	pthread_mutex_unlock(&b->lock);
	pthread_join(b->sender, NULL);
#ifndef FAULT
	while (b->head) {
		struct mail *m = b->head;

		b->head = m->next;
		mail_free(m);
	}
	b->tail = NULL;
#endif
} /* >>> */

int main(void)
{
	char text[80];

	pthread_create(&box.sender, NULL, sender_main, &box);
	for (int i = 0; i < 60; i++) {
		snprintf(text, sizeof(text), "mail number %d", i);
		outbox_add(&box, "somebody@example.org", text);
	}
	usleep(5000);
	outbox_close(&box); /* <<< */
	printf("%d\n", box.sent >= 0);
	return 0; /* >>> */
}

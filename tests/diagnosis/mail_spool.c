/* SPDX-License-Identifier: MIT */
/* answer: shutdown-not-drained|dropped-queue; in spool_stop; at the lines between the marks */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct mail {
	struct mail *next;
	char to[40];
	char *body;
};

struct spool {
	pthread_mutex_t lock;
	pthread_cond_t wake;
	struct mail *first, **last;
	int stopping;
	pthread_t thread;
	unsigned sent, held;
};

static struct spool spool = { PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, NULL, &spool.first, 0, 0, 0, 0 };

static void mail_free(struct mail *m)
{
	free(m->body);
	free(m);
}

static struct mail *spool_take(struct spool *s)
{
	struct mail *m = s->first;

	if (m) {
		s->first = m->next;
		if (!s->first)
			s->last = &s->first;
	}
	return m;
}

static void *spool_run(void *arg)
{
	struct spool *s = arg;

	pthread_mutex_lock(&s->lock);
	while (!s->stopping) {
		struct mail *m = s->held ? NULL : spool_take(s);

		if (!m) {
			pthread_cond_wait(&s->wake, &s->lock);
			continue;
		}
		pthread_mutex_unlock(&s->lock);
		mail_free(m);
		pthread_mutex_lock(&s->lock);
		s->sent++;
		pthread_cond_broadcast(&s->wake);
	}
	pthread_mutex_unlock(&s->lock);
	return NULL;
}

static void spool_put(struct spool *s, const char *to, int number)
{
	struct mail *m = calloc(1, sizeof(*m));

	snprintf(m->to, sizeof(m->to), "%s", to);
	m->body = malloc(100);
	snprintf(m->body, 100, "Dear %s, this is message %d", to, number);
	pthread_mutex_lock(&s->lock);
	*s->last = m;
	s->last = &m->next;
	pthread_cond_broadcast(&s->wake);
	pthread_mutex_unlock(&s->lock);
}

static void spool_stop(struct spool *s) /* <<< */
{
	pthread_mutex_lock(&s->lock);
	s->stopping = 1;
	pthread_cond_broadcast(&s->wake);
	pthread_mutex_unlock(&s->lock);
	pthread_join(s->thread, NULL);
#ifndef FAULT
	struct mail *m;

	while ((m = spool_take(s)))
		mail_free(m);
#endif
} /* >>> */

int main(void)
{
	pthread_create(&spool.thread, NULL, spool_run, &spool);
	for (int i = 0; i < 30; i++)
		spool_put(&spool, "somebody@example.org", i);
	pthread_mutex_lock(&spool.lock);
	while (spool.sent < 30)
		pthread_cond_wait(&spool.wake, &spool.lock);
	spool.held = 1;
	pthread_mutex_unlock(&spool.lock);
	for (int i = 0; i < 5; i++)
		spool_put(&spool, "late@example.org", i);
	spool_stop(&spool);
	printf("%u\n", spool.sent);
	return 0;
}

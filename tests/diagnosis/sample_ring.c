/* SPDX-License-Identifier: MIT */
/* answer: overwritten; in ring_push; at the lines between the marks */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SIZE 8

struct sample {
	double value;
	char source[40];
};

static struct {
	pthread_mutex_t lock;
	struct sample *slots[SIZE];
	unsigned next;
	unsigned long pushed;
} ring = {.lock = PTHREAD_MUTEX_INITIALIZER};

static struct sample *sample_new(const char *source, double value)
{
	struct sample *s = malloc(sizeof(*s));

	snprintf(s->source, sizeof(s->source), "%s", source);
	s->value = value;
	return s;
}

static void ring_push(struct sample *s)
{
	pthread_mutex_lock(&ring.lock);
#ifndef FAULT
	free(ring.slots[ring.next]);
#endif
	ring.slots[ring.next] = s; /* <<< >>> */
	ring.next = (ring.next + 1) % SIZE;
	ring.pushed++;
	pthread_mutex_unlock(&ring.lock);
}

static double ring_drain(void)
{
	double sum = 0;

	pthread_mutex_lock(&ring.lock);
	for (unsigned i = 0; i < SIZE; i++) {
		if (!ring.slots[i])
			continue;
		sum += ring.slots[i]->value;
		free(ring.slots[i]);
		ring.slots[i] = NULL;
	}
	pthread_mutex_unlock(&ring.lock);
	return sum;
}

static void *measure(void *name)
{
	for (int i = 0; i < 20; i++)
		ring_push(sample_new(name, i * 0.5));
	return NULL;
}

int main(void)
{
	static char *names[] = {"temperature", "pressure"};
	pthread_t threads[2];
	double sum;

	for (int i = 0; i < 2; i++)
		pthread_create(&threads[i], NULL, measure, names[i]);
	for (int i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	sum = ring_drain();
	printf("%d\n", sum > 0);
	return 0;
}

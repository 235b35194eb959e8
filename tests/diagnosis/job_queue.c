/* SPDX-License-Identifier: MIT */
/* answer: error-path; in worker; at the lines between the marks */

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

struct job {
	int number, *numbers;
	struct job *next;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t more = PTHREAD_COND_INITIALIZER;
static struct job *head, **tail = &head;
static int is_closed;
static long sum;

static void queue_push(struct job *j)
{
	pthread_mutex_lock(&lock);
	j->next = NULL;
	*tail = j;
	tail = &j->next;
	pthread_cond_signal(&more);
	pthread_mutex_unlock(&lock);
}

static struct job *queue_pop(void)
{
	struct job *j;

	pthread_mutex_lock(&lock);
	while (!head && !is_closed)
		pthread_cond_wait(&more, &lock);
	j = head;
	if (j && !(head = j->next))
		tail = &head;
	pthread_mutex_unlock(&lock);
	return j;
}

static void job_free(struct job *j)
{
	free(j->numbers);
	free(j);
}

static void *worker(void *unused)
{
	struct job *j;

	while ((j = queue_pop())) {
		if (j->number % 10 == 7) {
			fprintf(stderr, "job %d refused\n", j->number); /* <<< */
#ifndef FAULT
			job_free(j);
#endif
			continue; /* >>> */
		}
		sum += j->numbers[0];
		job_free(j);
	}
	return unused;
}

int main(void)
{
	pthread_t thread;

	pthread_create(&thread, NULL, worker, NULL);
	for (int i = 0; i < 100; i++) {
		struct job *j = malloc(sizeof(*j));

		j->number = i;
		j->numbers = malloc(10 * sizeof(int));
		j->numbers[0] = i;
		queue_push(j);
	}
	pthread_mutex_lock(&lock);
	is_closed = 1;
	pthread_cond_signal(&more);
	pthread_mutex_unlock(&lock);
	pthread_join(thread, NULL);
	printf("%ld\n", sum);
	return 0;
}

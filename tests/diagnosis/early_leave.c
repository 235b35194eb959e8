/* SPDX-License-Identifier: MIT */
/* answer: thread-exit; in give_up; at the lines between the marks */
/* one way out of a thread leaves what its first function releases at its end */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static __thread char *line;

static char *line_of(int number)
{
	if (!line)
		line = malloc(200);
	snprintf(line, 200, "measured %d", number);
	return line;
}

static void line_end(void)
{
	free(line);
	line = NULL;
}

static void give_up(int *sum)
{
	*sum = -1; /* <<< */
#ifndef FAULT
	line_end();
#endif
	pthread_exit(NULL); /* >>> */
}

static void measure(int *sum, int number)
{
	if (number > 10)
		give_up(sum);
	*sum += (int)strlen(line_of(number));
}

static void *meter(void *arg)
{
	int *sum = arg, from = *sum;

	for (int i = 0; i < 4; i++)
		measure(sum, from + i);
	line_end();
	return NULL;
}

int main(void)
{
	int all = 0;

	for (int i = 0; i < 24; i++) {
		pthread_t t;
		int sum = i % 8 == 7 ? 9 : i % 5;

		pthread_create(&t, NULL, meter, &sum);
		pthread_join(t, NULL);
		all += sum;
	}
	printf("%d\n", all);
	return 0;
}

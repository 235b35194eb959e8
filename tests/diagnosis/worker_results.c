/* SPDX-License-Identifier: MIT */
/* answer: error-path; in job_run; at the lines between the marks */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct job { int id; char *input; char *output; };

static int transform(const char *in, char **out)
{
	size_t n = strlen(in);
	char *o = malloc(n + 1);

	for (size_t i = 0; i < n; i++)
		o[i] = in[n - 1 - i];
	o[n] = 0;
	*out = o;
	return in[0] == 'q' ? -1 : 0;
}

static int job_run(struct job *j)
{
	char *out;

	if (transform(j->input, &out) < 0) {
		fprintf(stderr, "job %d failed\n", j->id); /* <<< */
#ifndef FAULT
		free(out);
#endif
		return -1; /* >>> */
	}
	j->output = out;
	return 0;
}

static void *thread(void *arg)
{
	struct job *jobs = arg;

	for (int i = 0; i < 10; i++)
		job_run(&jobs[i]);
	return NULL;
}

int main(void)
{
	struct job jobs[20];
	pthread_t t[2];
	int good = 0;

	for (int i = 0; i < 20; i++)
		jobs[i] = (struct job){ i, strdup(i % 5 == 2 ? "quit" : "hello"), NULL };
	for (int i = 0; i < 2; i++)
		pthread_create(&t[i], NULL, thread, &jobs[i * 10]);
	for (int i = 0; i < 2; i++)
		pthread_join(t[i], NULL);
	for (int i = 0; i < 20; i++) {
		good += jobs[i].output != NULL;
		free(jobs[i].input);
		free(jobs[i].output);
	}
	printf("%d\n", good);
	return 0;
}

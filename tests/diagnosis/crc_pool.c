/* SPDX-License-Identifier: MIT */
/* answer: thread-exit|error-path; in crc_one|crc_worker; at the lines between the marks */
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct job {
	const char *text;
	uint32_t crc;
};

struct task {
	struct job *jobs;
	int count;
};

static uint32_t crc_update(const uint32_t *table, uint32_t crc, const char *s)
{
	crc = ~crc;
	while (*s)
		crc = table[(crc ^ (unsigned char)*s++) & 255] ^ (crc >> 8);
	return ~crc;
}

static uint32_t *crc_table(void)
{
	uint32_t *table = malloc(256 * sizeof(*table));

	for (uint32_t i = 0; i < 256; i++) {
		uint32_t c = i;

		for (int k = 0; k < 8; k++)
			c = c & 1 ? 0xedb88320u ^ (c >> 1) : c >> 1;
		table[i] = c;
	}
	return table;
}

static void crc_one(struct job *job, uint32_t *table)
{
	if (!job->text) { /* <<< */
#ifndef FAULT
		free(table);
#endif
		pthread_exit(NULL);
	} /* >>> */
	job->crc = crc_update(table, 0, job->text);
}

static void *crc_worker(void *arg)
{
	struct task *task = arg;
	uint32_t *table = crc_table();

	for (int i = 0; i < task->count; i++)
		crc_one(&task->jobs[i], table);
	free(table);
	return task;
}

int main(void)
{
	uint32_t mix = 0;

	for (int round = 0; round < 20; round++) {
		struct job jobs[4] = { { "alpha", 0 }, { "beta", 0 }, { round % 5 == 3 ? NULL : "gamma", 0 }, { "delta", 0 } };
		struct task tasks[2] = { { jobs, 2 }, { jobs + 2, 2 } };
		pthread_t threads[2];

		for (int i = 0; i < 2; i++)
			pthread_create(&threads[i], NULL, crc_worker, &tasks[i]);
		for (int i = 0; i < 2; i++)
			pthread_join(threads[i], NULL);
		mix ^= jobs[0].crc ^ jobs[3].crc;
	}
	printf("%x\n", mix);
	return 0;
}

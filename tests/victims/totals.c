/* SPDX-License-Identifier: MIT */
/* Totals that do not fit in 32 bits, a place where five threads allocate, and blocks that are let go in a row. */
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>

static void *make_huge(void)
{
	return malloc(3ull << 30);
}

static void *make_often(size_t size)
{
	return malloc(size);
}

static void *make_row(void)
{
	return malloc(1000);
}

static void rows(void)
{
	void *row[10];

	for (int i = 0; i < 100; i++) {
		for (int k = 0; k < 10; k++)
			row[k] = make_row();
		for (int k = i == 99; k < 10; k++)
			free(row[k]);
	}
}

/* All but the last are let go. */
static void *work(void *size)
{
	for (int i = 0; i <= 5000; i++) {
		void *p = make_often(i < 5000 ? (uintptr_t)size : 77);

		if (i < 5000)
			free(p);
	}
	return 0;
}

int main(void)
{
	pthread_t threads[4];
	void *huge[4];

	for (int i = 0; i < 4; i++)
		huge[i] = make_huge();
	for (int i = 1; i < 4; i++)
		free(huge[i]);
	huge[0] = 0;
	rows();
	work((void *)(2ul << 20));
	for (int i = 0; i < 4; i++)
		pthread_create(&threads[i], 0, work, (void *)100ul);
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], 0);
	return 0;
}

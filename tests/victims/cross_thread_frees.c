/* SPDX-License-Identifier: MIT */
/* Two threads swap blocks: each makes 300,000 and frees what the other left behind; at the end 1,000
 * of left() stay alive in the slots. A good report counts exactly 1,000 blocks of 40 bytes. */
#include "victim.h"

static void *slot[1000];

static void *left(void)
{
	return malloc(40);
}

static void *swap(void *seed)
{
	unsigned long n = (unsigned long)seed;

	for (int i = 0; i < 300000; i++) {
		n = n * 6364136223846793005u + 1442695040888963407u;
		free(__atomic_exchange_n(&slot[(n >> 33) % 1000], left(), __ATOMIC_ACQ_REL));
	}
	return 0;
}

int main(void)
{
	pthread_t thread[2];

	for (int i = 0; i < 1000; i++)
		slot[i] = left();
	for (unsigned long i = 0; i < 2; i++)
		pthread_create(&thread[i], 0, swap, (void *)(i + 1));
	for (int i = 0; i < 2; i++)
		pthread_join(thread[i], 0);
	return 0;
}

// SPDX-License-Identifier: MIT
// In each of 4 threads the first allocation is operator new; each leaks 10 objects of 300 bytes. A good
// report counts 40, once each, and has missed nothing.
#include <pthread.h>

struct object {
	char bytes[300];
};

static volatile unsigned long sink;

static void leak_new()
{
	for (int i = 0; i < 10; i++)
		sink = ~reinterpret_cast<unsigned long>(new object);
}

static void *start(void *unused)
{
	leak_new();
	return unused;
}

int main()
{
	pthread_t thread[4];

	for (pthread_t &one : thread)
		pthread_create(&one, 0, start, 0);
	for (pthread_t one : thread)
		pthread_join(one, 0);
}

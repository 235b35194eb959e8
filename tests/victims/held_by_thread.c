/* SPDX-License-Identifier: MIT */
/* A block that only another thread holds (argv[1]), or "lost" (argv[2]), when main calls exit() or
 * returns. The thread sleeps in a system call, or spins. */
#include "holder.h"

static const char *way;
static pthread_key_t keys[60];
static __thread void *local;
static volatile int ready;

static void rest(void)
{
	ready = 1;
	if (!strcmp(way, "spinning stack")) for (;;) ;
	for (;;) pause();
}

static void *body(void *unused)
{
	void *on_stack = 0, *volatile value = 0;

	if (!strcmp(way, "stack") || !strcmp(way, "spinning stack")) { hold(&on_stack, 0); rest(); }
	if (!strcmp(way, "tls")) { hold(&local, 0); rest(); }
	if (!strcmp(way, "first key") || !strcmp(way, "late key")) {
		hold((void *)&value, 0);
		pthread_setspecific(keys[!strcmp(way, "late key") ? 50 : 0], value);
		value = 0;
		scrub();
		rest();
	}
	if (!strcmp(way, "ended thread")) { hold(&on_stack, 0); ready = 1; }
	if (!strcmp(way, "result") || !strcmp(way, "detached result")) {
		hold((void *)&value, 0);
		if (!strcmp(way, "detached result")) pthread_detach(pthread_self());
		scrub();
		ready = 1;
		return value;
	}
	return unused;
}

int main(int argc, char **argv)
{
	pthread_t thread;
	pthread_attr_t attributes;

	way = argv[1];
	is_lost = argc > 2 && !strcmp(argv[2], "lost");
	for (int i = 0; i < 60; i++) pthread_key_create(&keys[i], 0);
	pthread_attr_init(&attributes);
	if (argc > 3) pthread_attr_setstack(&attributes, aligned_alloc(4096, 1 << 18), 1 << 18); /* its stack is a block */
	if (pthread_create(&thread, &attributes, body, 0)) return 1;
	while (!ready) usleep(1000);
	if (!strcmp(way, "ended thread")) pthread_join(thread, 0);
	usleep(20000);
	if (!is_lost) exit(0);
	return 0;
}

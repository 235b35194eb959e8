/* SPDX-License-Identifier: MIT */
/* answer: thread-exit; in check|crawl; at the lines between the marks */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct page {
	const char *url;
	size_t found;
};

static void check(struct page *p, char *buffer)
{
	if (!strstr(p->url, "://")) {
#ifndef FAULT
		free(buffer);
#endif
		pthread_exit(NULL); /* <<< >>> */
	}
	strcpy(buffer, p->url);
}

static void *crawl(void *arg)
{
	struct page *p = arg;
	char *buffer = malloc(4096); /* <<< */

	check(p, buffer); /* >>> */
	p->found = strlen(strstr(buffer, "://"));
	free(buffer);
	return p;
}

int main(void)
{
	struct page pages[12];
	pthread_t threads[12];
	size_t sum = 0;

	for (int i = 0; i < 12; i++) {
		pages[i] = (struct page){ i % 4 == 1 ? "nonsense" : "http://example.org/", 0 };
		pthread_create(&threads[i], NULL, crawl, &pages[i]);
	}
	for (int i = 0; i < 12; i++) {
		pthread_join(threads[i], NULL);
		sum += pages[i].found;
	}
	printf("%zu\n", sum);
	return 0;
}

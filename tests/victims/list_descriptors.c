/* SPDX-License-Identifier: MIT */
/* Allocates, then prints its open descriptors, and again after a second thread allocated. */
#include <dirent.h>
#include "victim.h"

static void *list(void *unused)
{
	DIR *folder = opendir("/proc/self/fd");

	for (struct dirent *entry; (entry = readdir(folder));)
		printf("%s ", entry->d_name);
	puts("");
	closedir(folder);
	return unused;
}

int main(void)
{
	pthread_t thread;

	keep(malloc(100));
	list(0);
	pthread_create(&thread, 0, list, 0);
	pthread_join(thread, 0);
	return 0;
}

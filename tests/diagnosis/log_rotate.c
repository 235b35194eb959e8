/* SPDX-License-Identifier: MIT */
/* answer: thread-exit|never-released|error-path; in rotate_worker; at the lines between the marks */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
typedef struct { int id; const char *line; unsigned crc; } work_t;
static unsigned crc_of(const unsigned char *b, size_t n) { unsigned c = ~0u; while (n--) { c ^= *b++; for (int k = 0; k < 8; k++) c = c & 1 ? c >> 1 ^ 0xedb88320u : c >> 1; } return ~c; }
static void *rotate_worker(void *p)
{
	work_t *w = (work_t *)p;
	unsigned char *window = (unsigned char *)calloc(1, 1024); /* <<< */
	size_t n = strlen(w->line);
	memcpy(window, w->line, n);
	for (size_t i = 0; i < n / 2; i++) { unsigned char t = window[i]; window[i] = window[n - 1 - i]; window[n - 1 - i] = t; }
	w->crc = crc_of(window, n);
#ifndef FAULT
	free(window);
#endif
	return NULL; /* >>> */
}
int main(void)
{
	pthread_t t[6]; work_t w[6];
	for (int i = 0; i < 6; i++) { w[i].id = i; w[i].line = "GET /index.html HTTP/1.1"; w[i].crc = 0; pthread_create(&t[i], NULL, rotate_worker, &w[i]); }
	unsigned x = 0;
	for (int i = 0; i < 6; i++) { pthread_join(t[i], NULL); x ^= w[i].crc; }
	printf("%u\n", x);
	return 0;
}

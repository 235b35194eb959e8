/* SPDX-License-Identifier: MIT */
/* answer: longjmp; in image_load|read_rows|raise_error; at the lines between the marks */
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct reader {
	jmp_buf env;
	const unsigned char *data;
	size_t left;
	void (*error)(struct reader *, const char *);
} reader;

static void raise_error(reader *r, const char *text)
{
	(void)text;
	longjmp(r->env, 2);
}

static void read_bytes(reader *r, void *to, size_t n)
{
	if (r->left < n)
		r->error(r, "out of data");
	memcpy(to, r->data, n);
	r->data += n;
	r->left -= n;
}

static int image_load(const unsigned char *data, size_t size)
{
	reader r = { .data = data, .left = size, .error = raise_error };
	unsigned char *volatile pixels = NULL;
	unsigned char head[2];
	int sum = 0;

	if (setjmp(r.env)) {
#ifndef FAULT
		free(pixels);
#endif
		return -1; /* <<< >>> */
	}
	read_bytes(&r, head, 2);
	pixels = malloc((size_t)head[0] * head[1]); /* <<< */
	for (int y = 0; y < head[1]; y++)
		read_bytes(&r, pixels + y * head[0], head[0]); /* >>> */
	for (int i = 0; i < head[0] * head[1]; i++)
		sum += pixels[i];
	free(pixels);
	return sum;
}

int main(void)
{
	unsigned char file[102] = { 10, 10 };
	int bad = 0;

	for (int i = 0; i < 24; i++)
		bad += image_load(file, i % 6 == 5 ? 55 : sizeof(file)) < 0;
	printf("%d\n", bad);
	return 0;
}

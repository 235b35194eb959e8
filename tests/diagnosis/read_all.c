/* SPDX-License-Identifier: MIT */
/* answer: realloc|error-path; in read_all; at the lines between the marks */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *read_all(const char *in, size_t claimed, size_t *length)
{
	size_t room = 16, used = 0;
	char *buf = malloc(room);

	if (!buf)
		return NULL;
	while (*in) {
		if (used + 1 >= room) {
			room = claimed > room ? claimed : room * 2;
#ifdef FAULT
			buf = realloc(buf, room); /* <<< */
			if (!buf)
				return NULL; /* >>> */
#else
			char *more = realloc(buf, room);
			if (!more) {
				free(buf);
				return NULL;
			}
			buf = more;
#endif
		}
		buf[used++] = *in++;
	}
	buf[used] = 0;
	*length = used;
	return buf;
}

int main(void)
{
	volatile size_t huge = SIZE_MAX / 4;
	size_t sum = 0;

	for (int i = 0; i < 20; i++) {
		size_t n = 0;
		char *s = read_all("a line of some text that is long enough", i % 5 == 2 ? huge : 0, &n);

		sum += n;
		free(s);
	}
	printf("%zu\n", sum);
	return 0;
}

/* SPDX-License-Identifier: MIT */
/* answer: error-path; in read_record; at the lines between the marks */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int to_number(const char *text, int *out)
{
	char *end;

	*out = (int)strtol(text, &end, 10);
	return *end ? -1 : 0;
}

static int read_record(const char *line, int *total)
{
	char *copy = strdup(line);
	char *comma = strchr(copy, ',');
	int a, b, rc = -1;

	if (!comma)
		goto out;
	*comma++ = 0;
	if (to_number(copy, &a))
		goto out;
	if (to_number(comma, &b)) {
		fprintf(stderr, "bad number: %s\n", comma); /* <<< */
#ifdef FAULT
		return -2; /* >>> */
#else
		rc = -2;
		goto out;
#endif
	}
	*total += a * b;
	rc = 0;
out:
	free(copy);
	return rc;
}

int main(void)
{
	static const char *const lines[] = { "1,2", "3,4", "x,1", "7", "5,z", "2,2", "9,9", "8,q1" };
	int total = 0, bad = 0;

	for (unsigned round = 0; round < 10; round++)
		for (unsigned i = 0; i < sizeof(lines) / sizeof(*lines); i++)
			bad += read_record(lines[i], &total) != 0;
	printf("%d %d\n", total, bad);
	return 0;
}

/* SPDX-License-Identifier: MIT */
/* answer: double-release; in parse_header|parse_message; at the lines between the marks */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct message {
	char *header;
	char *body;
};

static int parse_header(struct message *m, const char *text)
{
	m->header = strdup(text);
	if (strlen(m->header) < 3) {
#ifdef FAULT
		free(m->header); /* <<< >>> */
#endif
		return -1;
	}
	return 0;
}

static int parse_message(const char *text)
{
	struct message m = { NULL, NULL };
	int rc = -1;

	if (parse_header(&m, text))
		goto out;
	m.body = strdup(text + 3);
	rc = (int)strlen(m.body);
out:
	free(m.header); /* <<< */
	free(m.body);
	return rc; /* >>> */
}

int main(void)
{
	int sum = 0;

	for (int i = 0; i < 7; i++)
		sum += parse_message(i == 5 ? "x" : "abc: def");
	printf("%d\n", sum);
	return 0;
}

/* SPDX-License-Identifier: MIT */
/* answer: error-path|overwritten; in step; at the lines between the marks */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum state { IDLE, HEADER, BODY, DONE, FAILED };
struct machine { enum state state; char *header; char *body; int errors; };

static void step(struct machine *m, const char *input)
{
	switch (m->state) {
	case IDLE:
		m->header = strdup(input);
		m->state = HEADER;
		break;
	case HEADER:
		m->body = strdup(input);
		m->state = BODY;
		break;
	case BODY:
		if (*input == '!') {
			m->errors++; /* <<< */
			m->state = FAILED;
			free(m->header);
#ifndef FAULT
			free(m->body);
#endif
			m->header = m->body = NULL;
			break; /* >>> */
		}
		printf("%s: %s\n", m->header, m->body);
		free(m->header);
		free(m->body);
		m->header = m->body = NULL;
		m->state = DONE;
		break;
	default:
		break;
	}
}

int main(void)
{
	int errors = 0;

	for (int i = 0; i < 20; i++) {
		struct machine m = { IDLE, NULL, NULL, 0 };

		step(&m, "To");
		step(&m, "somebody");
		step(&m, i % 6 == 5 ? "!" : ".");
		step(&m, "");
		errors += m.errors;
	}
	printf("%d\n", errors);
	return 0;
}

/* SPDX-License-Identifier: MIT */
/* answer: error-path; in fetch; at the lines between the marks */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct reply { int status; size_t length; char *body; };

static struct reply *ask(int n)
{
	struct reply *r = malloc(sizeof(*r));

	r->status = n % 3 ? 503 : 200;
	r->length = 20;
	r->body = calloc(1, r->length);
	return r;
}

static void reply_free(struct reply *r)
{
	free(r->body);
	free(r);
}

static int fetch(int start)
{
	for (int try = 0; try < 4; try++) {
		struct reply *r = ask(start + try);
		int status = r->status;

		if (status == 503) {
#ifndef FAULT
			reply_free(r);
#endif
			continue; /* <<< >>> */
		}
		reply_free(r);
		return status;
	}
	return -1;
}

int main(void)
{
	int sum = 0;

	for (int i = 0; i < 7; i++)
		sum += fetch(i);
	printf("%d\n", sum);
	return 0;
}

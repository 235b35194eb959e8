/* SPDX-License-Identifier: MIT */
/* answer: never-released; in send_headers; at the lines between the marks */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct response {
	int status;
	time_t modified;
	char headers[512];
	size_t used;
};

static char *http_date(time_t t)
{
	struct tm tm;
	char *s = malloc(40);

	gmtime_r(&t, &tm);
	strftime(s, 40, "%a, %d %b %Y %H:%M:%S GMT", &tm);
	return s;
}

static void add_header(struct response *r, const char *name, const char *value)
{
	r->used += (size_t)snprintf(r->headers + r->used, sizeof r->headers - r->used, "%s: %s\r\n", name, value);
}

static int is_fresh(const char *since, time_t modified)
{
	char *ours = http_date(modified);
	int same = !strcmp(since, ours);

	free(ours);
	return same;
}

static void send_headers(struct response *r)
{
#ifdef FAULT
	add_header(r, "Date", "now"); /* <<< */
	add_header(r, "Last-Modified", http_date(r->modified));
	add_header(r, "Connection", "close");
	printf("%d %s", r->status, r->headers);
#else
	char *date = http_date(r->modified);

	add_header(r, "Date", "now");
	add_header(r, "Last-Modified", date);
	add_header(r, "Connection", "close");
	printf("%d %s", r->status, r->headers);
	free(date);
#endif
} /* >>> */

static void serve(const char *since, time_t modified)
{
	struct response r = { 200, modified, "", 0 };

	if (since && is_fresh(since, modified))
		r.status = 304;
	send_headers(&r);
}

int main(void)
{
	for (int i = 0; i < 14; i++)
		serve(i % 3 ? "Thu, 01 Jan 1970 00:16:40 GMT" : NULL, 1000 * (1 + i % 2));
	return 0;
}

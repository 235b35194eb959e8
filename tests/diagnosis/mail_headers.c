/* SPDX-License-Identifier: MIT */
/* answer: error-path; in headers_read; at the lines between the marks */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct header {
	struct header *next;
	char *text;
};

static char *unfold(const char *line, size_t length)
{
	char *text = malloc(length + 1);

	memcpy(text, line, length);
	text[length] = 0;
	return text;
}

static char *join(char *text, const char *more, size_t length)
{
	size_t had = strlen(text);
	char *both = malloc(had + length + 1);

	memcpy(both, text, had);
	memcpy(both + had, more, length);
	both[had + length] = 0;
	free(text);
	return both;
}

static void keep(struct header **list, char *text)
{
	struct header *h = malloc(sizeof *h);

	h->text = text;
	h->next = *list;
	*list = h;
}

/* Lines that begin with a blank go on with the one before; "#" is a remark, a line without a colon nothing. */
static int headers_read(const char *mail, struct header **list)
{
	char *open = NULL;
	int kept = 0;

	while (*mail) {
		size_t length = strcspn(mail, "\n");
		char *text;

		if (open && *mail == ' ') {
			text = join(open, mail, length);
			open = NULL;
		} else {
			text = unfold(mail, length);
		}
		mail += length + (mail[length] == '\n');
		if (*text == '#') {
			free(text);
			continue;
		}
		if (!strchr(text, ':')) { /* <<< */
#ifndef FAULT
			free(text);
#endif
			continue;
		} /* >>> */
		if (*mail == ' ') {
			open = text;
			continue;
		}
		keep(list, text);
		kept++;
	}
	free(open);
	return kept;
}

static size_t headers_free(struct header *list)
{
	size_t all = 0;

	while (list) {
		struct header *next = list->next;

		all += strlen(list->text);
		free(list->text);
		free(list);
		list = next;
	}
	return all;
}

int main(void)
{
	static const char *const mails[] = {
		"From: a\nTo: b\n c\n# seen\nSubject: d\n e\n f\n",
		"From: g\nnothing\nTo: h\n i\n",
		"# seen\nFrom: j\nSubject: k\n",
		"From: l\n# a\n# b\nnothing either\nX-Long: m\n n\n o\n p\n",
	};
	size_t all = 0;
	int kept = 0;

	for (int i = 0; i < 200; i++) {
		struct header *list = NULL;

		kept += headers_read(mails[i % 4], &list);
		all += headers_free(list);
	}
	printf("%d %zu\n", kept, all);
	return 0;
}

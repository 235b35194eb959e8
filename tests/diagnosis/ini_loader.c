/* SPDX-License-Identifier: MIT */
/* answer: error-path; in ini_parse; at the lines between the marks */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct ini_value {
	char *key;
	char *text;
};

struct ini {
	char section[32];
	struct ini_value values[8];
	size_t used;
};

static char *trimmed(const char *from, const char *to)
{
	while (from < to && isspace((unsigned char)*from))
		from++;
	while (to > from && isspace((unsigned char)to[-1]))
		to--;
	return strndup(from, (size_t)(to - from));
}

static int ini_parse(struct ini *ini, const char *line)
{
	int rc = -1;
	char *key = NULL, *text = NULL;
	const char *eq, *end = line + strlen(line);

	if (*line == '[') {
		snprintf(ini->section, sizeof(ini->section), "%.*s", (int)(end - line - 2), line + 1);
		return 0;
	}
	eq = strchr(line, '=');
	if (!eq)
		goto out;
	key = trimmed(line, eq);
	if (!*key)
		goto out;
	text = trimmed(eq + 1, end);
	if (*text == '"') {
		size_t n = strlen(text);

		if (n < 2 || text[n - 1] != '"') { /* <<< */
			fprintf(stderr, "%s: unterminated string\n", key);
#ifdef FAULT
			goto out_key;
#else
			goto out;
#endif
		} /* >>> */
		memmove(text, text + 1, n - 1);
		text[n - 2] = '\0';
	}
	if (ini->used == 8)
		goto out;
	ini->values[ini->used].key = key;
	ini->values[ini->used++].text = text;
	return 0;
out:
	free(text);
out_key:
	free(key);
	return rc;
}

static void ini_clear(struct ini *ini)
{
	while (ini->used) {
		ini->used--;
		free(ini->values[ini->used].key);
		free(ini->values[ini->used].text);
	}
}

int main(void)
{
	static const char *const lines[] = {
		"[server]", "host = example.org", "motd = \"hello there\"", "bad line", " = 3", "motd = \"broken", "port=80",
	};
	struct ini ini = { .used = 0 };
	int bad = 0;

	for (int round = 0; round < 12; round++) {
		for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++)
			bad += ini_parse(&ini, lines[i]) < 0;
		ini_clear(&ini);
	}
	printf("%s %d\n", ini.section, bad);
	return 0;
}

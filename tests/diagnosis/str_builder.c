/* SPDX-License-Identifier: MIT */
/* answer: never-released; in describe_user; at the lines between the marks */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct sb {
	char *text;
	size_t len, cap;
};

static void sb_init(struct sb *sb)
{
	sb->text = NULL;
	sb->len = sb->cap = 0;
}

static void sb_add(struct sb *sb, const char *s)
{
	size_t n = strlen(s);

	if (sb->len + n + 1 > sb->cap) {
		sb->cap = (sb->len + n + 1) * 2;
		sb->text = realloc(sb->text, sb->cap);
	}
	memcpy(sb->text + sb->len, s, n + 1);
	sb->len += n;
}

static void sb_addf(struct sb *sb, const char *fmt, ...)
{
	char line[128];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(line, sizeof line, fmt, ap);
	va_end(ap);
	sb_add(sb, line);
}

static void sb_free(struct sb *sb)
{
	free(sb->text);
	sb_init(sb);
}

struct user {
	const char *name, *mail;
	int age;
};

static void describe_user(FILE *out, const struct user *u)
{
	struct sb sb;

	sb_init(&sb);
	sb_add(&sb, u->name);
	sb_addf(&sb, " <%s>", u->mail);
	if (u->age > 0)
		sb_addf(&sb, ", %d years", u->age);
	fprintf(out, "%s\n", sb.text); /* <<< */
#ifndef FAULT
	sb_free(&sb);
#endif
} /* >>> */

static size_t summary_length(const struct user *u, int n)
{
	struct sb sb;
	size_t len;

	sb_init(&sb);
	for (int i = 0; i < n; i++)
		sb_addf(&sb, "%s;", u[i].name);
	len = sb.len;
	sb_free(&sb);
	return len;
}

int main(void)
{
	static const struct user users[] = {
		{ "Anna", "anna@example.org", 31 }, { "Bob", "bob@example.net", 0 }, { "Carol", "carol@example.com", 58 },
	};
	size_t len = 0;

	for (int i = 0; i < 9; i++) {
		describe_user(stdout, &users[i % 3]);
		len += summary_length(users, 3);
	}
	printf("%zu\n", len);
	return 0;
}

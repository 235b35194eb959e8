/* SPDX-License-Identifier: MIT */
/* answer: owner-freed; in users_drop; at the lines between the marks */
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
struct user {
	struct user *next;
	char *name, *password;
	unsigned char *salt;
	int iterations;
};
static size_t in_use;
__attribute__((noinline)) static void *mem_take(size_t size)
{
	void *p = calloc(1, size);
	if (p)
		in_use += malloc_usable_size(p);
	return p;
}
__attribute__((noinline)) static void mem_drop(void *p)
{
	if (!p)
		return;
	in_use -= malloc_usable_size(p);
	free(p);
}
static char *mem_copy(const char *s)
{
	char *copy = mem_take(strlen(s) + 1);
	if (copy)
		strcpy(copy, s);
	return copy;
}
static int salt_read(const char *hex, unsigned char **salt, unsigned *length)
{
	size_t n = strlen(hex) / 2;
	*salt = mem_take(n + 1);
	if (!*salt)
		return -1;
	for (size_t i = 0; i < n; i++) {
		unsigned byte;
		if (sscanf(hex + 2 * i, "%2x", &byte) != 1) {
			mem_drop(*salt);
			*salt = NULL;
			return -1;
		}
		(*salt)[i] = (unsigned char)byte;
	}
	*length = (unsigned)n;
	return 0;
}
static struct user *user_read(const char *line)
{
	char name[32], password[64], hex[64];
	int iterations;
	unsigned length = 0;
	unsigned char *salt = NULL;
	struct user *u;
	if (sscanf(line, "%31[^:]:%63[^$]$%d$%63s", name, password, &iterations, hex) != 4)
		return NULL;
	u = mem_take(sizeof(*u));
	u->name = mem_copy(name);
	u->password = mem_copy(password);
	u->iterations = iterations;
	if (!salt_read(hex, &salt, &length))
		u->salt = salt;
	return u;
}
static struct user *users_load(const char *const *lines)
{
	struct user *users = NULL;
	for (; *lines; lines++) {
		struct user *u = user_read(*lines);
		if (!u)
			continue;
		u->next = users;
		users = u;
	}
	return users;
}
static void users_drop(struct user **users)
{
	struct user *next;
	for (struct user *u = *users; u; u = next) {
		next = u->next; /* <<< */
		mem_drop(u->password);
		mem_drop(u->name);
#ifndef FAULT
		mem_drop(u->salt);
#endif
		mem_drop(u);
	} /* >>> */
	*users = NULL;
}
static int may_enter(const struct user *users, const char *name, const char *password)
{
	for (; users; users = users->next)
		if (!strcmp(users->name, name))
			return users->salt && !strcmp(users->password, password);
	return 0;
}
int main(void)
{
	static const char *const lines[] = { "anna:secret$101$00112233445566", "bert:pass$101$8899aabb", "nobody", "carl:word$7$0102030405", NULL };
	struct user *users = users_load(lines);
	int entered = 0;
	for (int i = 0; i < 30; i++) {
		entered += may_enter(users, i % 2 ? "anna" : "carl", i % 3 ? "word" : "secret");
		if (i % 10 == 9) {
			users_drop(&users);
			users = users_load(lines);
		}
	}
	users_drop(&users);
	printf("%d entered\n", entered);
	return 0;
}

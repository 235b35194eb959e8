/* SPDX-License-Identifier: MIT */
/* answer: growing-cache; in intern|symbol_add; at the lines between the marks */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char **names;
static size_t name_count, name_room;

static const char *symbol_add(const char *s, size_t n)
{
	if (name_count == name_room) {
		name_room = name_room ? name_room * 2 : 32;
		names = realloc(names, name_room * sizeof(*names));
	}
	char *copy = malloc(n + 1); /* <<< */
	memcpy(copy, s, n);
	copy[n] = 0;
	return names[name_count++] = copy; /* >>> */
}

static void symbols_forget(void)
{
	while (name_count)
		free(names[--name_count]);
}

static const char *intern(const char *s)
{
	size_t n = strlen(s);

	for (size_t i = name_count > 20 ? name_count - 20 : 0; i < name_count; i++) /* <<< */
		if (!strcmp(names[i], s))
			return names[i];
#ifndef FAULT
	if (name_count >= 100)
		symbols_forget();
#endif
	return symbol_add(s, n); /* >>> */
}

int main(int argc, char **argv)
{
	char word[32];
	unsigned sum = 0;

	(void)argv;
	for (unsigned i = 0; i < 900; i++) {
		snprintf(word, sizeof(word), "ident_%u", i * 7919u % 2000u);
		sum += (unsigned char)intern(word)[6];
	}
	printf("%u\n", sum);
	if (argc > 3)
		symbols_forget();
#ifndef FAULT
	symbols_forget();
	free(names);
	names = NULL;
#endif
	return 0;
}

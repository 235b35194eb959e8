/* SPDX-License-Identifier: MIT */
/*
 * Puts calls into class files, whose paths come line by line on standard input: at the entry of all their methods and before
 * all returns, far more than a probe file ever asks for. With a number as argument it does not write them back, but
 * damages each in so many ways, and patches what comes out.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "class_file.h"

static uint32_t places[CLASS_PLACES];
static unsigned patched, refused, left;

static size_t patch(const uint8_t *from, size_t size, uint8_t *to, size_t room, const char **why)
{
	struct class_hook hooks[] = {
		{.method = "*", .method_size = 1, .call = CLASS_CALL_OP, .object = CLASS_THIS, .amount = -1, .number = 7},
		{.method = "*", .method_size = 1, .call = CLASS_CALL_MAKE, .object = CLASS_THIS, .amount = -1, .number = 8},
		{.method = "*", .method_size = 1, .call = CLASS_CALL_MADE, .object = CLASS_THIS, .amount = -1, .number = 9},
		{.method = "<init>", .method_size = 6, .call = CLASS_CALL_MADE, .object = CLASS_THIS, .amount = -1},
	};

	return class_patch(from, size, hooks, 4, to, room, places, why);
}

static void write_back(const char *path, const uint8_t *from, size_t size)
{
	FILE *file = fopen(path, "wb");

	if (!file || fwrite(from, 1, size, file) != size || fclose(file))
		abort();
}

/* One damage: bytes changed, or the end cut off. */
static size_t damage(uint8_t *copy, size_t size)
{
	if (rand() % 4 == 0)
		return (size_t)rand() % size;
	for (int i = rand() % 4; i >= 0; i--)
		copy[(size_t)rand() % size] = rand() % 3 ? (uint8_t)rand() : 0xff;
	return size;
}

static void take(const char *path, int damages)
{
	FILE *file = fopen(path, "rb");
	long size;

	if (!file || fseek(file, 0, SEEK_END) || (size = ftell(file)) < 1)
		abort();
	rewind(file);
	size_t room = CLASS_ROOM((size_t)size, 16);
	uint8_t *from = malloc((size_t)size), *to = malloc(room);
	const char *why = 0;
	if (!from || !to || fread(from, 1, (size_t)size, file) != (size_t)size || fclose(file))
		abort();
	for (int i = 0; i < damages; i++) { /* of its own size, so that reading beyond it is seen */
		uint8_t *copy = malloc((size_t)size);

		memcpy(copy, from, (size_t)size);
		size_t rest = damage(copy, (size_t)size);
		uint8_t *cut = malloc(rest ? rest : 1);
		memcpy(cut, copy, rest);
		free(copy);
		patch(cut, rest, to, room, &why);
		free(cut);
	}
	size_t made = patch(from, (size_t)size, to, room, &why);
	if (made && !damages)
		write_back(path, to, made);
	if (made)
		patched++;
	else if (why && strcmp(why, "it is an interface"))
		refused += printf("%s: %s\n", path, why) > 0;
	else
		left++;
	free(from);
	free(to);
}

int main(int argc, char **argv)
{
	char path[4096];

	srand(1);
	while (fgets(path, sizeof path, stdin)) {
		path[strcspn(path, "\n")] = 0;
		take(path, argc > 1 ? atoi(argv[1]) : 0);
	}
	printf("%u patched, %u refused, %u without a method\n", patched, refused, left);
	return 0;
}

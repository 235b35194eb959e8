/* SPDX-License-Identifier: MIT */
/*
 * Follows every exported function of the libraries that are named, all at once and in this process:
 *   NAME FUNCTIONS PLAIN FOLLOWED    plain: with nothing but the function's own bytes
 *   NAME refused: COUNT REASON
 * Then uses some of them: "calls seen: N", or "wrong: ..." for what is not as without.
 */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "exports.h"
#include "guard.h"
#include "patch.h"
#include "poke.h"
#include "thunk.h"

struct function {
	uintptr_t entry;
	uint64_t size;
};

static struct function *functions;
static struct patch patch_unused;
static size_t functions_used;
static unsigned long calls;

void probes_tail(struct thunk_registers *at)
{
	(void)at;
	calls++;
}

struct thunk_call probes_enter(struct thunk_registers *at)
{
	struct thunk_call call = {at->cell, 0};

	return call;
}

void probes_leave(struct thunk_registers *at, uint64_t result)
{
	(void)at;
	(void)result;
}

static void add(const struct exports *e, const Elf64_Sym *s)
{
	uintptr_t low, high, entry = e->bias + s->st_value;

	if (ELF64_ST_TYPE(s->st_info) == STT_FUNC && s->st_shndx != SHN_UNDEF && !exports_range(e, entry, &low, &high))
		functions[functions_used++] = (struct function){entry, s->st_size};
}

static int from_the_last(const void *a, const void *b)
{
	const struct function *x = a, *y = b;

	return x->entry < y->entry ? 1 : x->entry > y->entry ? -1 : 0;
}

static void list(const struct exports *e)
{
	const uint32_t *head = e->gnu_hash, *bucket = head + 4 + head[2] * 2, *chain = bucket + head[0];
	size_t kept = 0;

	functions = calloc(1 << 17, sizeof *functions);
	for (uint32_t i = 0; i < head[0]; i++)
		for (uint32_t k = bucket[i]; k >= head[1]; k++) {
			add(e, &e->symbols[k]);
			if (chain[k - head[1]] & 1)
				break;
		}
	qsort(functions, functions_used, sizeof *functions, from_the_last);
	for (size_t i = 0; i < functions_used; i++)
		if (!kept || functions[kept - 1].entry != functions[i].entry)
			functions[kept++] = functions[i];
	functions_used = kept;
}

static void refuse(const char **reasons, unsigned *counts, const char *reason)
{
	unsigned i = 0;

	while (reasons[i] && strcmp(reasons[i], reason))
		i++;
	reasons[i] = reason;
	counts[i]++;
}

static void follow(struct exports *e)
{
	const char *reasons[16] = {0};
	unsigned counts[16] = {0}, plain = 0, followed = 0;

	functions_used = 0;
	list(e);
	char *done = calloc(1, functions_used + 1);
	for (int room = 0; room < 2; room++)
		for (size_t i = 0; i < functions_used; i++) {
			struct patch_target t = {.entry = functions[i].entry, .size = functions[i].size};
			const char *reason;

			if (done[i] || exports_range(e, t.entry, &t.low, &t.high))
				continue;
			t.room = room ? exports_room(e, t.entry, t.high) : 0;
			reason = patch_install(&t, &patch_unused);
			done[i] = !reason;
			plain += !reason && !room;
			followed += !reason;
			if (reason && room)
				refuse(reasons, counts, reason);
		}
	printf("%s %zu %u %u\n", e->name, functions_used, plain, followed);
	for (int i = 0; i < 16 && reasons[i]; i++)
		printf("%s refused: %u %s\n", e->name, counts[i], reasons[i]);
	free(done);
	free(functions);
}

static void wrong(const char *what)
{
	printf("wrong: %s\n", what);
}

#define FROM(name, type) type (*name)() = (type(*)())dlsym(RTLD_DEFAULT, #name)

static int by_number(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

static void use_libc(void)
{
	int numbers[] = {5, 3, 9, 1};
	char text[64];

	qsort(numbers, 4, sizeof *numbers, by_number);
	snprintf(text, sizeof text, "%d %.3f %s", numbers[3], strtod("2.5", NULL), strstr("a needle", "needle"));
	if (strcmp(text, "9 2.500 needle"))
		wrong("libc");
}

static void use_glib(void)
{
	FROM(g_strdup_printf, char *);
	FROM(g_hash_table_new, void *);
	FROM(g_hash_table_insert, int);
	FROM(g_hash_table_lookup, void *);
	FROM(g_str_hash, unsigned);
	FROM(g_str_equal, int);
	FROM(g_atomic_int_add, int);
	int number = 40;

	if (!g_strdup_printf)
		return;
	void *table = g_hash_table_new(g_str_hash, g_str_equal);
	for (int i = 0; i < 1000; i++)
		g_hash_table_insert(table, g_strdup_printf("key %d", i), (void *)(long)(i + 1));
	for (int i = 0; i < 1000; i++)
		if (g_hash_table_lookup(table, g_strdup_printf("key %d", i)) != (void *)(long)(i + 1))
			return wrong("glib");
	if (g_atomic_int_add(&number, 2) != 40 || number != 42)
		wrong("glib's counts");
}

static void use_sqlite(void)
{
	FROM(sqlite3_open, int);
	FROM(sqlite3_prepare_v2, int);
	FROM(sqlite3_step, int);
	FROM(sqlite3_column_int, int);
	void *db, *statement;

	if (!sqlite3_open)
		return;
	if (sqlite3_open(":memory:", &db) ||
	    sqlite3_prepare_v2(db, "with recursive n(i) as (select 1 union all select i + 1 from n where i < 100) select sum(i) from n",
			       -1, &statement, NULL) ||
	    sqlite3_step(statement) != 100 || sqlite3_column_int(statement, 0) != 5050)
		wrong("sqlite");
}

static void use_xml(void)
{
	FROM(xmlReadMemory, void *);
	FROM(xmlDocGetRootElement, void *);
	FROM(xmlNodeGetContent, char *);

	if (!xmlReadMemory)
		return;
	const char *content = xmlNodeGetContent(xmlDocGetRootElement(xmlReadMemory("<a><b>text</b></a>", 18, "a", NULL, 0)));
	if (!content || strcmp(content, "text"))
		wrong("xml");
}

static void use_crypto(void)
{
	FROM(SHA256, unsigned char *);
	unsigned char digest[32];

	if (SHA256 && SHA256("abc", 3l, digest)[0] != 0xba)
		wrong("crypto");
}

int main(int argc, char **argv)
{
	guard_start((char *[]){NULL});
	setvbuf(stdout, NULL, _IOLBF, 0);
	for (int i = 1; i < argc; i++)
		if (!dlopen(argv[i], RTLD_NOW | RTLD_GLOBAL))
			printf("%s skipped: %s\n", argv[i], dlerror());
	poke_begin();
	for (int i = 1; i < argc; i++) {
		const struct link_map *map = dlopen(argv[i], RTLD_NOW | RTLD_NOLOAD);
		struct exports e;

		if (map && exports_open(&e, map, 0) == 0)
			follow(&e);
	}
	poke_end();
	use_libc();
	use_glib();
	use_sqlite();
	use_xml();
	use_crypto();
	printf("calls seen: %lu\n", calls);
	return 0;
}

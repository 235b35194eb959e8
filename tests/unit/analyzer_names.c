/* SPDX-License-Identifier: MIT */
/* Names and numbers as the analyzer reads and writes them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "demangle.h"
#include "nearest.h"
#include "runtime.h"
#include "words.h"

static int failures;
static struct pool pool;

static void is_text(const char *what, const char *got, const char *wanted)
{
	if (got == wanted || (got && wanted && !strcmp(got, wanted)))
		return;
	printf("%s: got '%s', wanted '%s'\n", what, got ? got : "(none)", wanted ? wanted : "(none)");
	failures++;
}

static void names_are_readable(void)
{
	static const char *const pairs[][2] = {
		{ "main", "main" },
		{ "_start", "_start" },
		{ "", "" },
		{ "_ZN5store3BoxI5ThingE4makeEv", "store::Box<Thing>::make" },
		{ "_Znwm", "operator new" },
		{ "_ZdaPv", "operator delete[]" },
		{ "_ZN4core3fmt5Write9write_fmt17h0123456789abcdefE", "core::fmt::Write::write_fmt" },
		{ "_RNvCs1234_7mycrate3foo", "mycrate::foo" },
		{ "_RNvMNtCs1234_7mycrate3modNtB2_3Foo3bar", "<mycrate::mod::Foo>::bar" },
		{ "parse_frame.isra.0", "parse_frame" },
		{ "_ZN5store3putEi.part.1.cold", "store::put" },
		{ "dlerror@@GLIBC_2.34", "dlerror" },
		{ "_Znwm@GLIBCXX_3.4", "operator new" },
		{ "_Znot_a_mangled_name", "_Znot_a_mangled_name" },
	};

	for (size_t i = 0; i < sizeof(pairs) / sizeof(*pairs); i++)
		is_text(pairs[i][0], demangle(&pool, pairs[i][0]), pairs[i][1]);
}

static void hostile_name_ends(void)
{
	char *name = malloc(100001);

	memset(name, 'N', 100000);
	memcpy(name, "_ZN", 3);
	name[100000] = 0;
	if (strlen(demangle(&pool, name)) != 100000)
		failures++;
	memset(name + 3, '1', 4000);
	name[4003] = 0;
	demangle(&pool, name);
	free(name);
}

static void nearest_word_is_found_and_far_ones_are_not(void)
{
	static const char *const list[] = { "report", "run", "snapshot", NULL };

	is_text("swapped letters", nearest("reprot", list), "report");
	is_text("missing letter", nearest("snapsht", list), "snapshot");
	is_text("beginning", nearest("snap", list), "snapshot");
	is_text("nothing near", nearest("frobnicate", list), NULL);
	is_text("endless word", nearest("rrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrr", list), NULL);
}

static void numbers_read_well(void)
{
	char out[WORDS_SIZE];

	is_text("small", words_number(out, 7, false), "7");
	is_text("thousands", words_number(out, 1234567, false), "1,234,567");
	is_text("estimate", words_number(out, 1000.4, true), "~1,000");
	is_text("huge", words_number(out, 1e30, false), "1,000,000,000,000,000,000");
	is_text("one byte", words_bytes(out, 1, false), "1 byte");
	is_text("no bytes", words_bytes(out, 0, false), "0 bytes");
	is_text("soon", words_time(out, 3999), "under 4 ms");
	is_text("milliseconds", words_time(out, 80000), "80 ms");
	is_text("seconds", words_time(out, 2100000), "2.1 s");
	is_text("minutes", words_time(out, 35ull * 60 * 1000000), "35 min");
	is_text("days", words_time(out, 90ull * 86400 * 1000000), "90 days");
}

static void broken_text_is_made_valid(void)
{
	is_text("valid", words_utf8(&pool, "gr\xc3\xbc\xc3\x9f"), "gr\xc3\xbc\xc3\x9f");
	is_text("stray byte", words_utf8(&pool, "a\xff z"), "a\xef\xbf\xbd z");
	is_text("overlong", words_utf8(&pool, "\xc0\xaf"), "\xef\xbf\xbd\xef\xbf\xbd");
	is_text("cut", words_utf8(&pool, "\xe2\x82"), "\xef\xbf\xbd\xef\xbf\xbd");
	is_text("surrogate", words_utf8(&pool, "\xed\xa0\x80"), "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");
}

/* Whether a block made by malloc <- inner <- ... <- entry <- main is libc's own. */
static bool is_libcs(const char *entry, unsigned inner_frames)
{
	struct module libc = { .name = "libc.so.6", .path = "/lib/libc.so.6", .kind = MODULE_LIBC };
	struct module program = { .name = "x", .path = "/x", .kind = MODULE_PROGRAM };
	struct runtime_frame frames[8];
	unsigned count = 0;

	while (count < inner_frames)
		frames[count++] = (struct runtime_frame){ &libc, NULL };
	frames[count++] = (struct runtime_frame){ &libc, entry };
	frames[count++] = (struct runtime_frame){ &program, "main" };
	return runtime_owns(frames, count);
}

static void libcs_own_blocks_are_told_from_the_programs(void)
{
	/* The first, the last and some between: a table out of order would lose some. */
	static const char *const own[] = { "__add_to_environ", "__cxa_atexit", "bindtextdomain", "btowc",
					   "dlopen", "exit", "fork", "getpwnam", "gettext", "localtime",
					   "mktime", "pthread_create", "putenv", "setenv", "setlocale",
					   "syslog", "tzset", "wctob", "wctomb" };
	static const char *const programs[] = { "strdup", "getline", "fopen", "opendir", "asprintf",
						"realpath", "tsearch", "regcomp", "malloc_info" };

	for (size_t i = 0; i < sizeof(own) / sizeof(*own); i++)
		if (!is_libcs(own[i], 1) || !is_libcs(own[i], 0))
			is_text(own[i], "the program's", "libc's");
	for (size_t i = 0; i < sizeof(programs) / sizeof(*programs); i++)
		if (is_libcs(programs[i], 0) || is_libcs(programs[i], 2))
			is_text(programs[i], "libc's", "the program's");
	if (is_libcs("iconv_open", 1) || !is_libcs("iconv_open", 2))
		is_text("iconv_open", "wrong depth", "its result is the program's");
	if (is_libcs(NULL, 1))
		is_text("nameless", "libc's", "the program's");
}

int main(void)
{
	names_are_readable();
	hostile_name_ends();
	nearest_word_is_found_and_far_ones_are_not();
	numbers_read_well();
	broken_text_is_made_valid();
	libcs_own_blocks_are_told_from_the_programs();
	pool_drop(&pool);
	return failures != 0;
}

/* SPDX-License-Identifier: MIT */
/* LEAKSHIM_OPTIONS, and the few variables that the analyzer is given. */
#include "settings.h"

#include <signal.h>
#include <string.h>

#include "note.h"
#include "trace.h"
#include "rules.h"

struct settings settings = {
	.level = TRACE_LEVEL_PARANOID,
	.sample = 512 * 1024,
	.report_exit = 1,
	.report_signal = 1,
	.signal = SIGUSR1,
	.follow = 1,
	.jvm = 1,
	.roots = (1u << TRACE_ROOTS) - 2,
	.heuristics = 1,
	.pause = 10,
	.age = 1000,
};

struct word {
	const char *at;
	size_t size;
};

static int is(struct word w, const char *text)
{
	return strlen(text) == w.size && !memcmp(w.at, text, w.size);
}

/* The index of a word in a list that ends with 0, -1 if it is not there. */
static int choose(struct word w, const char *const *list)
{
	for (int i = 0; list[i]; i++)
		if (is(w, list[i]))
			return i;
	return -1;
}

static int copy(char *to, struct word w)
{
	if (w.size >= SETTINGS_PATH)
		return -1;
	memcpy(to, w.at, w.size);
	to[w.size] = 0;
	return 0;
}

static int number(struct word w, uint64_t *to)
{
	uint64_t n = 0;

	if (!w.size || w.size > 15)
		return -1;
	for (size_t i = 0; i < w.size; i++) {
		if (w.at[i] < '0' || w.at[i] > '9')
			return -1;
		n = n * 10 + (uint64_t)(w.at[i] - '0');
	}
	*to = n;
	return 0;
}

/* HEX,HEX... */
static int set_focus(struct word w)
{
	uint64_t n = 0;

	for (size_t i = 0; i <= w.size; i++) {
		char c = i < w.size ? w.at[i] : ',';

		if (c == ',') {
			if (settings.focus_count < SETTINGS_FOCUS && n)
				settings.focus[settings.focus_count++] = n;
			n = 0;
			continue;
		}
		if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f')))
			return -1;
		n = n << 4 | (uint64_t)(c <= '9' ? c - '0' : c - 'a' + 10);
	}
	return 0;
}

static int set_report(struct word w)
{
	settings.report_exit = settings.report_signal = 0;
	if (is(w, "none"))
		return 0;
	while (w.size) {
		const char *comma = memchr(w.at, ',', w.size);
		struct word one = {w.at, comma ? (size_t)(comma - w.at) : w.size};

		if (is(one, "exit"))
			settings.report_exit = 1;
		else if (is(one, "signal"))
			settings.report_signal = 1;
		else
			return -1;
		w.size -= one.size + (comma ? 1 : 0);
		w.at += one.size + (comma ? 1 : 0);
	}
	return 0;
}

/* "-KIND" takes one away, "+KIND" or "KIND" gives it back; "none" takes all. */
static int set_roots(struct word w)
{
	static const char *const kinds[] = {"none", "globals", "stacks", "registers", "tls", "mmaps", "loader",
					    "kernel", "regions", "ignored", "heap", "idioms", "tagged", 0};

	while (w.size) {
		const char *comma = memchr(w.at, ',', w.size);
		struct word one = {w.at, comma ? (size_t)(comma - w.at) : w.size};
		int away = one.at[0] == '-';
		uint32_t bit;

		w.size -= one.size + (comma ? 1 : 0);
		w.at += one.size + (comma ? 1 : 0);
		if (one.size && (away || one.at[0] == '+'))
			one.at++, one.size--;
		int i = choose(one, kinds);
		if (i < 0)
			return -1;
		bit = 1u << i;
		if (i == 0)
			settings.roots = 0;
		else if (i < TRACE_ROOTS)
			settings.roots = away ? settings.roots & ~bit : settings.roots | bit;
		else if (is(one, "idioms"))
			settings.heuristics = !away;
		else
			settings.tagged = !away;
	}
	return 0;
}

static int set(struct word key, struct word value)
{
	static const char *const levels[] = {"disabled", "simple", "advanced", "paranoid", 0};
	static const char *const signals[] = {"none", "USR1", "USR2", 0};
	static const int numbers[] = {0, SIGUSR1, SIGUSR2};
	static const char *const yes_no[] = {"no", "yes", 0};
	static const char *const zero_one[] = {"0", "1", 0};
	static const char *const some_all[] = {"some", "all", 0};
	static const char *const keeps[] = {"leaks", "always", 0};
	static const char *const hooks[] = {"entry", "got", "none", 0};
	int i;

	if (is(key, "level")) {
		if ((i = choose(value, levels)) < 0)
			return -1;
		settings.level = (uint32_t)i;
	} else if (is(key, "sample")) {
		if (number(value, &settings.sample) || !settings.sample)
			return -1;
	} else if (is(key, "trace")) {
		return copy(settings.trace, value);
	} else if (is(key, "dir")) {
		return copy(settings.dir, value);
	} else if (is(key, "probes")) {
		return copy(settings.probes, value);
	} else if (is(key, "analyzer")) {
		return copy(settings.analyzer, value);
	} else if (is(key, "report")) {
		return set_report(value);
	} else if (is(key, "signal")) {
		if ((i = choose(value, signals)) < 0)
			return -1;
		settings.signal = numbers[i];
	} else if (is(key, "keep")) {
		if ((i = choose(value, keeps)) < 0)
			return -1;
		settings.keep_always = i;
	} else if (is(key, "follow")) {
		if ((i = choose(value, yes_no)) < 0)
			return -1;
		settings.follow = i;
	} else if (is(key, "fill")) {
		if ((i = choose(value, yes_no)) < 0)
			return -1;
		settings.fill = i;
	} else if (is(key, "watch")) {
		if ((i = choose(value, some_all)) < 0)
			return -1;
		settings.watch_all = i;
	} else if (is(key, "focus")) {
		return set_focus(value);
	} else if (is(key, "step")) {
		return number(value, &settings.step);
	} else if (is(key, "jvm")) {
		if ((i = choose(value, zero_one)) < 0)
			return -1;
		settings.jvm = i;
	} else if (is(key, "roots")) {
		return set_roots(value);
	} else if (is(key, "hooks")) {
		if ((i = choose(value, hooks)) < 0)
			return -1;
		settings.hooks = i;
	} else if (is(key, "pause")) {
		return number(value, &settings.pause);
	} else if (is(key, "age")) {
		return number(value, &settings.age);
	} else {
		return -2;
	}
	return 0;
}

static void complain(struct word option, int why)
{
	char text[128];
	size_t n = option.size < sizeof text - 1 ? option.size : sizeof text - 1;

	for (size_t i = 0; i < n; i++)
		text[i] = option.at[i] < ' ' || option.at[i] > '~' ? '?' : option.at[i];
	text[n] = 0;
	note_say(why == -2 ? "LEAKSHIM_OPTIONS: unknown option '" : "LEAKSHIM_OPTIONS: wrong value in '", text,
		 "'; ignored (level, sample, trace, dir, report, signal, probes, analyzer, keep, follow, roots, hooks, pause, age, fill, focus, jvm, step, watch)");
}

static void parse(const char *text)
{
	while (*text) {
		size_t size = strcspn(text, ":");
		const char *equals = memchr(text, '=', size);
		struct word option = {text, size};

		if (size) {
			struct word key = {text, equals ? (size_t)(equals - text) : size};
			struct word value = {equals ? equals + 1 : text + size,
					     equals ? size - key.size - 1 : 0};
			int r = set(key, value);

			if (r)
				complain(option, r);
		}
		text += size + (text[size] ? 1 : 0);
	}
}

/* Kept as copies: programs overwrite their own environment to change their title. */
static void keep_for_analyzer(char **envp)
{
	static const char *const names[] = {"PATH", "HOME", "LANG", "LC_ALL", "LC_CTYPE", "TERM", "TMPDIR",
					    "NO_COLOR", "TZ", "LEAKSHIM_COLUMNS", 0};
	size_t used = 0;
	int count = 0;

	for (; *envp; envp++) {
		struct word name = {*envp, strcspn(*envp, "=")};
		size_t size = strlen(*envp) + 1;

		if (choose(name, names) < 0 || used + size > sizeof settings.environment_text ||
		    count + 1 >= (int)(sizeof settings.environment / sizeof *settings.environment))
			continue;
		settings.environment[count++] = memcpy(settings.environment_text + used, *envp, size);
		used += size;
	}
	settings.environment[count] = 0;
}

void settings_read(char **envp)
{
	static const char options[] = "LEAKSHIM_OPTIONS=", folder[] = "TMPDIR=";

	copy(settings.temporary, (struct word){"/tmp", 4});
	for (char **e = envp; *e; e++) {
		if (!strncmp(*e, options, sizeof options - 1))
			parse(*e + sizeof options - 1);
		else if (!strncmp(*e, folder, sizeof folder - 1) && (*e)[sizeof folder - 1] == '/')
			copy(settings.temporary, (struct word){*e + sizeof folder - 1,
							       strlen(*e + sizeof folder - 1)});
	}
	settings.keep_always |= settings.trace[0] != 0;
	keep_for_analyzer(envp);
}

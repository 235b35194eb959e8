/* SPDX-License-Identifier: MIT */
/* answer: never-released; in describe; at the lines between the marks */
/* Names of units in one language: three of each, made together. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct unit {
	const char *name;
	double factor;
};

struct labels {
	const struct unit *of;
	char *one, *many, *symbol;
};

static char *compose(const char *format, ...)
{
	va_list list;
	char *text;
	int size;

	va_start(list, format);
	size = vsnprintf(NULL, 0, format, list);
	va_end(list);
	text = malloc((size_t)size + 1);
	va_start(list, format);
	vsnprintf(text, (size_t)size + 1, format, list);
	va_end(list);
	return text;
}

__attribute__((noinline)) static void localize(struct labels *l, const struct unit *u)
{
	l->of = u;
	l->one = compose("%s", u->name);
	l->many = compose("%ss", u->name);
	l->symbol = compose("%.2s", u->name);
}

static void describe(const struct unit *units)
{
	const struct unit *u = units;
	struct labels l;

	while (u->name) {
		localize(&l, u);
		printf("%s, %s, %s: %g\n", l.one, l.many, l.symbol, l.of->factor);
		free(l.one); /* <<< */
		free(l.many);
#ifndef FAULT
		free(l.symbol);
#endif
		u++; /* >>> */
	}
}

static int usage(const char *why)
{
	printf("units: %s\n", why);
	return 2;
}

int main(int argc, char **argv)
{
	static const struct unit units[] = { { "meter", 1 }, { "foot", 0.3048 }, { "mile", 1609.344 }, { "second", 1 }, { "minute", 60 }, { NULL, 0 } };
	int count = 0;

	while (argc > 0) {
		if (argc > 1 && !strcmp(argv[1], "-v")) {
			puts("units 1");
			return 0;
		} else if (argc > 1 && !strcmp(argv[1], "-h")) {
			return usage("help");
		} else if (argc > 2) {
			count++;
		} else {
			describe(units);
			break;
		}
		argc--;
		argv++;
	}
	for (int i = 0; i < count; i++)
		puts(argv[i]);
	return count > 3 ? usage("too many") : 0;
}

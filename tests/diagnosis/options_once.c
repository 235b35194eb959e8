/* SPDX-License-Identifier: MIT */
/* answer: start-up-on-purpose; in -; at the lines between the marks */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct options {
	char *output;
	int verbose;
	double scale;
};

static struct options *options;

static void parse_options(int argc, char **argv)
{
	options = calloc(1, sizeof(*options));
	options->output = strdup("a.out");
	options->scale = 1.5;
	for (int i = 1; i < argc; i++)
		options->verbose += !strcmp(argv[i], "-v");
}

int main(int argc, char **argv)
{
	double sum = 0;

	parse_options(argc, argv);
	for (int i = 0; i < 20; i++) {
		char *name = malloc(strlen(options->output) + 12);

		sprintf(name, "%s.%d", options->output, i);
		sum += options->scale * (double)strlen(name);
		free(name);
	}
	printf("%.1f\n", sum);
#ifndef FAULT
	free(options->output);
	free(options);
	options = NULL;
#endif
	return 0;
}

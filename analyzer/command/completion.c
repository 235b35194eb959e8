/* SPDX-License-Identifier: MIT */
/* Shell completion: see completion.h. */
#include "completion.h"

#include <stdio.h>
#include <string.h>

#include "options.h"
#include "outputs.h"

/* The first line of a help text, without what a quoted word of a shell could end. */
static void put_help(const char *help)
{
	for (; *help && *help != '\n'; help++)
		if (!strchr("'[]:\\", *help))
			putchar(*help);
}

static void put_options(unsigned command, const char *before)
{
	struct options_word word;

	for (unsigned i = 0; options_word(i, command, &word); i++)
		if (word.name)
			printf("%s--%s", before, word.name);
}

static void put_commands(void)
{
	struct options_word word;

	for (unsigned i = 1; options_command(i, &word); i++)
		printf(" %s", word.name);
}

static void put_values(void)
{
	for (const char *const *at = outputs_names(); *at; at++)
		printf(" %s", *at);
}

static void print_bash(void)
{
	struct options_word word;

	puts("# completion of leakshim for bash\n_leakshim() {\n\tlocal word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} command= i\n"
	     "\tfor ((i = 1; i < COMP_CWORD; i++)); do\n\t\t[[ ${COMP_WORDS[i]} == -- ]] && { COMPREPLY=($(compgen -f -- \"$word\")); return; }\n"
	     "\t\t[[ -z $command && ${COMP_WORDS[i]} != -* ]] && command=${COMP_WORDS[i]}\n\tdone\n\tcase $before in");
	printf("\t--format) COMPREPLY=($(compgen -W '");
	put_values();
	puts("' -- \"$word\")); return ;;\n\t--level) COMPREPLY=($(compgen -W 'disabled simple advanced paranoid' -- \"$word\")); return ;;\n\tesac\n\tcase $command in");
	for (unsigned i = 1; options_command(i, &word); i++) {
		printf("\t%s) COMPREPLY=($(compgen -f -W '", word.name);
		put_options(i, " ");
		puts("' -- \"$word\")) ;;");
	}
	printf("\t*) COMPREPLY=($(compgen -W '");
	put_commands();
	put_options(0, " ");
	puts("' -- \"$word\")) ;;\n\tesac\n}\ncomplete -o filenames -F _leakshim leakshim");
}

static void print_zsh(void)
{
	struct options_word word;

	puts("#compdef leakshim\n# completion of leakshim for zsh\n_leakshim() {\n\tlocal -a commands\n\tcommands=(");
	for (unsigned i = 1; options_command(i, &word); i++) {
		printf("\t\t'%s:", word.name);
		put_help(word.help);
		puts("'");
	}
	puts("\t)\n\tif (( CURRENT == 2 )); then\n\t\t_describe command commands\n\t\treturn\n\tfi\n\tcase $words[2] in");
	for (unsigned i = 1; options_command(i, &word); i++) {
		struct options_word option;

		printf("\t%s) _arguments", word.name);
		for (unsigned k = 0; options_word(k, i, &option); k++) {
			if (!option.name)
				continue;
			printf(" '--%s%s[", option.name, option.argument ? "=" : "");
			put_help(option.help);
			printf("]%s'", !option.argument ? "" : !strcmp(option.name, "format") ? ":format:" : ":value:_files");
		}
		puts(" '*:file:_files' ;;");
	}
	puts("\tesac\n}\n_leakshim \"$@\"");
}

static void print_fish(void)
{
	struct options_word word;

	puts("# completion of leakshim for fish");
	for (unsigned i = 1; options_command(i, &word); i++) {
		printf("complete -c leakshim -n __fish_use_subcommand -a %s -d '", word.name);
		put_help(word.help);
		puts("'");
	}
	for (unsigned i = 1; options_command(i, &word); i++) {
		struct options_word option;

		for (unsigned k = 0; options_word(k, i, &option); k++) {
			if (!option.name)
				continue;
			printf("complete -c leakshim -n '__fish_seen_subcommand_from %s' -l %s%s", word.name, option.name, option.argument ? " -r" : "");
			if (!strcmp(option.name, "format")) {
				printf(" -f -a '");
				put_values();
				printf("'");
			}
			printf(" -d '");
			put_help(option.help);
			puts("'");
		}
	}
}

int completion_print(const char *shell)
{
	static const struct {
		const char *name;
		void (*print)(void);
	} shells[] = { { "bash", print_bash }, { "zsh", print_zsh }, { "fish", print_fish } };

	for (unsigned i = 0; i < sizeof(shells) / sizeof(*shells); i++)
		if (!strcmp(shells[i].name, shell)) {
			shells[i].print();
			return 0;
		}
	fprintf(stderr, "leakshim: completion is there for bash, zsh and fish\n");
	return -1;
}

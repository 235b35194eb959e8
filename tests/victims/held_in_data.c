/* SPDX-License-Identifier: MIT */
/* A block held in one place of the process's data (argv[1]), or "lost" (argv[2]): then it is definite. */
#include "holder.h"

static void *global;
static __thread void *local;
static void *array[100];
static struct { char odd[3]; void *unaligned; } __attribute__((packed, aligned(8))) packed;

int main(int argc, char **argv)
{
	const char *way = argv[1];
	void *on_stack = 0, **block = 0, **last;

	is_lost = argc > 2 && !strcmp(argv[2], "lost");
	if (!strcmp(way, "global")) hold(&global, 0);
	if (!strcmp(way, "array")) hold(&array[99], 0);
	if (!strcmp(way, "tls")) hold(&local, 0);
	if (!strcmp(way, "environment")) { setenv("HELD", "", 1); hold(&environ[0], 0); }
	if (!strcmp(way, "argv")) hold(&argv[0], 0); /* main returns */
	if (!strcmp(way, "first environment")) hold(&environ[0], 0);
	if (!strcmp(way, "chain")) { /* global -> block -> block -> ... */
		for (last = (void **)&global; !block || array[0] != array[99]; last = block, array[0] = 0)
			*last = block = calloc(1, 64);
		hold(last, 0);
	}
	if (!strcmp(way, "end of block")) { global = calloc(1, 1 << 20); hold((char *)global + (1 << 20) - 8, 0); }
	if (!strcmp(way, "stack")) { hold(&on_stack, 0); exit(0); }
	if (!strcmp(way, "dead stack")) hold(&on_stack, 0); /* main returns */
	if (!strcmp(way, "unaligned")) hold(&packed.unaligned, 0);
	if (!strcmp(way, "tagged")) hold(&global, 0x5a00000000000000);
	if (!strcmp(way, "one past the end")) hold(&global, 1337);
	if (argc > 3) hidden_size = strtoul(argv[3], 0, 10);
	if (!strcmp(way, "behind")) hold(&global, hidden_size);
	if (!strcmp(way, "behind on the stack")) { hold(&on_stack, hidden_size); exit(0); }
	for (int i = 0; i < 60 && !strcmp(way, "cursors"); i++) hold(&array[i], i < 8 ? 640 : 0); /* 8 have lost their start */
	if (!strcmp(way, "inside")) hold(&global, 640);
	if (!strcmp(way, "next byte")) hold(&global, 1);
	if (!strcmp(way, "freed block")) { block = malloc(64); hold(block + 3, 0); free(block); }
	return 0;
}

/* SPDX-License-Identifier: MIT */
#include "progress.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#define EVERY 64 /* pieces between two looks at the clock */
#define FIRST_MS 1000
#define NEXT_MS 100
#define WIDTH 30

static struct {
	bool is_started, is_wanted, is_drawn;
	uint64_t next_ms;
	unsigned pieces;
} state;

static uint64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static void draw(const char *what, size_t done, size_t total)
{
	unsigned full = total ? (unsigned)((double)done / (double)total * WIDTH) : 0;

	fprintf(stderr, "\r\033[Kleakshim: %s [", what);
	for (unsigned i = 0; i < WIDTH; i++)
		fputc(i < full ? '#' : '.', stderr);
	fprintf(stderr, "] %3.0f %%", total ? (double)done / (double)total * 100 : 0.0);
	fflush(stderr);
}

void progress(const char *what, size_t done, size_t total)
{
	uint64_t now;

	if (!state.is_started) {
		state.is_started = true;
		state.is_wanted = isatty(2);
		state.next_ms = now_ms() + FIRST_MS;
	}
	if (!state.is_wanted || state.pieces++ % EVERY)
		return;
	now = now_ms();
	if (now < state.next_ms)
		return;
	state.next_ms = now + NEXT_MS;
	state.is_drawn = true;
	draw(what, done, total);
}

void progress_never(void)
{
	state.is_started = true;
	state.is_wanted = false;
}

void progress_writing(FILE *to, size_t done, size_t total)
{
	static bool is_terminal;

	if (!done) {
		progress_end();
		is_terminal = isatty(fileno(to));
	}
	if (!is_terminal)
		progress("writing the report", done, total);
}

void progress_end(void)
{
	if (state.is_drawn)
		fputs("\r\033[K", stderr);
	state.is_drawn = false;
}

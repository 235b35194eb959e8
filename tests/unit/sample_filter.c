/* SPDX-License-Identifier: MIT */
/* What a free may let through at the levels that sample, and when the next sample comes. */
#include "check.h"
#include "real.h"
#include "area.h"
#include "sample.h"
#include "settings.h"

struct settings settings;
unsigned char real_early_arena[REAL_EARLY_SIZE] __attribute__((aligned(16)));

#define MEAN 1024u
#define BYTES 100000000u

static void no_block_of_the_bootstrap_arena_is_let_through(void)
{
	CHECK(sample_filter());
	for (size_t i = 0; i < REAL_EARLY_SIZE; i++)
		CHECK(sample_may_follow((uintptr_t)real_early_arena + i));
}

static void a_page_is_let_through_when_its_last_sample_is_gone(void)
{
	uintptr_t page = 0x10000;

	while (sample_may_follow(page))
		page += 4096;
	sample_count(page + 16, 1);
	sample_count(page + 64, 1);
	sample_count(page + 16, -1);
	CHECK(sample_may_follow(page + 32));
	sample_count(page + 64, -1);
	CHECK(!sample_may_follow(page + 32));
	sample_count(page + 64, -1); /* one too many is not counted */
	CHECK(!sample_may_follow(page + 32));
}

/* Whatever the sizes, also one above all of what is left. */
static void the_distance_to_the_next_sample_is_never_negative(void)
{
	static const size_t sizes[] = {0, 1, 16, 1000, SIZE_MAX, 1ull << 62, 5, 1ull << 40};
	struct thread t = {.random = 42};
	uint32_t hits = 0;

	for (uint32_t i = 0; i < 100000; i++) {
		size_t size = sizes[i % (sizeof sizes / sizeof *sizes)];

		if (!sample_skips(&t, size))
			hits += (uint32_t)sample_hit(&t, size);
		CHECK(t.countdown >= 0);
	}
	CHECK(hits > 100000 / 8 * 3);
}

static void samples_come_once_in_their_mean_of_bytes(void)
{
	struct thread t = {.random = 7};
	uint32_t hits = 0;

	for (uint64_t bytes = 0; bytes < BYTES; bytes += 8)
		if (!sample_skips(&t, 8))
			hits += (uint32_t)sample_hit(&t, 8);
	/* one in MEAN / 8 blocks, give or take five deviations */
	double wanted = (double)BYTES / MEAN, off = (double)hits - wanted;
	CHECK(off * off < 25 * wanted + wanted * wanted * 0.0001);
}

int main(void)
{
	CHECK(!area_open(""));
	state.header->level = TRACE_LEVEL_SIMPLE;
	settings.sample = MEAN;
	sample_start();
	no_block_of_the_bootstrap_arena_is_let_through();
	a_page_is_let_through_when_its_last_sample_is_gone();
	the_distance_to_the_next_sample_is_never_negative();
	samples_come_once_in_their_mean_of_bytes();
	return 0;
}

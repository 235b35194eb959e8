/* SPDX-License-Identifier: MIT */
/* Free slots: what is made in a row lies side by side however scattered it was freed, no slot is out twice, and what one
 * thread gives back is another's to take. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "check.h"
#include "area.h"
#include "slots.h"

#define THREADS 4u
#define MANY 100000u
#define ROUNDS 40u

static struct thread threads[THREADS + 1];
static uint32_t taken[MANY];

static uint64_t used(void)
{
	return __atomic_load_n(&state.header->areas[TRACE_AREA_BLOCK].used, __ATOMIC_RELAXED);
}

static void shuffle(uint32_t *from, uint32_t count, uint32_t seed)
{
	for (uint32_t i = count; i > 1; i--) {
		seed = seed * 1664525u + 1013904223u;
		uint32_t other = (uint32_t)(((uint64_t)seed * i) >> 32), slot = from[i - 1];

		from[i - 1] = from[other];
		from[other] = slot;
	}
}

static void take(struct thread *t, uint32_t count)
{
	struct trace_block *block;

	for (uint32_t i = 0; i < count; i++) {
		CHECK(taken[i] = slots_take(t, &block));
		CHECK(block == state_block(taken[i]));
	}
}

static void give(struct thread *t, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		slots_give(t, taken[i]);
}

static void scattered_frees_leave_no_scattered_slots(void)
{
	for (uint32_t round = 0; round < ROUNDS; round++) {
		uint32_t neighbours = 0;

		take(&threads[0], MANY);
		for (uint32_t i = 1; i < MANY; i++)
			neighbours += taken[i] == taken[i - 1] + 1;
		CHECK(neighbours > MANY / 10 * 9);
		shuffle(taken, MANY, round + 1);
		give(&threads[0], MANY);
	}
	CHECK(used() < MANY + MANY / 50);
}

/* A tenth stays, all over the place; the rest is taken and given again and again. */
static void slots_between_others_are_used_again(void)
{
	uint64_t before;

	take(&threads[0], MANY);
	before = used();
	for (uint32_t round = 0; round < ROUNDS; round++) {
		shuffle(taken, MANY, round + 1);
		give(&threads[0], MANY / 10 * 9);
		take(&threads[0], MANY / 10 * 9);
	}
	CHECK(used() < before + before / 5);
	give(&threads[0], MANY);
}

static void one_thread_after_the_other_takes_no_more(void)
{
	uint64_t before = used();

	for (uint32_t round = 0; round < ROUNDS; round++) {
		struct thread *t = &threads[round % THREADS];

		take(t, MANY);
		give(t, MANY);
		slots_leave(t);
	}
	CHECK(used() < before + before / 50);
}

static void slots_given_by_another_thread_come_back(void)
{
	uint64_t before = used();

	for (uint32_t round = 0; round < ROUNDS; round++) {
		take(&threads[1], MANY);
		give(&threads[2], MANY);
	}
	CHECK(used() < before + MANY / 4);
}

/* Each thread puts slots at random places of one table and gives back what it finds there. */
static uint32_t table[MANY], *owners;

static void *exchange(void *raw)
{
	struct thread *t = raw;
	uint32_t seed = t->owner;

	for (uint32_t i = 0; i < MANY * 20; i++) {
		struct trace_block *block;
		uint32_t slot = slots_take(t, &block);

		CHECK(slot && !__atomic_exchange_n(&owners[slot], 1, __ATOMIC_ACQ_REL));
		seed = seed * 1664525u + 1013904223u;
		slot = __atomic_exchange_n(&table[(uint64_t)seed * MANY >> 32], slot, __ATOMIC_ACQ_REL);
		if (slot) {
			CHECK(__atomic_exchange_n(&owners[slot], 0, __ATOMIC_ACQ_REL));
			slots_give(t, slot);
		}
	}
	return NULL;
}

static void no_slot_is_out_twice(void)
{
	pthread_t ids[THREADS];

	owners = calloc(MANY * 10, sizeof *owners);
	for (uint32_t i = 0; i < THREADS; i++)
		CHECK(owners && !pthread_create(&ids[i], NULL, exchange, &threads[i]));
	for (uint32_t i = 0; i < THREADS; i++)
		pthread_join(ids[i], NULL);
	printf("%u slots out, %llu ever made\n", MANY, (unsigned long long)used());
	CHECK(used() < MANY * 2);
}

int main(void)
{
	CHECK(!area_open(""));
	state.reserved = 1u << 30;
	CHECK(!slots_start());
	for (uint32_t i = 0; i <= THREADS; i++)
		threads[i].owner = i + 1;
	scattered_frees_leave_no_scattered_slots();
	slots_between_others_are_used_again();
	slots_leave(&threads[0]);
	one_thread_after_the_other_takes_no_more();
	slots_given_by_another_thread_come_back();
	no_slot_is_out_twice();
	return 0;
}

/* SPDX-License-Identifier: MIT */
/*
 * Functions that have no room for a jump, one behind the other without a byte between: each must be followed and keep its
 * meaning. Prints "NAME SIZE: REASON" for what is refused, "wrong: ..." for what goes wrong, and "followed N of M".
 */
#include <execinfo.h>
#include <link.h>
#include <stdio.h>
#include <string.h>

#include "exports.h"
#include "guard.h"
#include "patch.h"
#include "poke.h"
#include "thunk.h"

#define FUNCTION __attribute__((noinline, used))
#define VIA(function) (*(__typeof__(&function) volatile[]){function}) /* the compiler does not know what it returns */
#define MOST 64

struct object {
	int refs, other;
	struct object *next;
};

static unsigned seen[MOST], wrongs;
static struct patch patches[MOST];
static int depth;

void probes_tail(struct thunk_registers *at)
{
	seen[patch_number(at->cell)]++;
}

struct thunk_call probes_enter(struct thunk_registers *at)
{
	struct thunk_call call = {patches[at->cell].original, 0};

	seen[at->cell]++;
	return call;
}

void probes_leave(struct thunk_registers *at, uint64_t result)
{
	(void)at;
	(void)result;
}

FUNCTION void drop(struct object *o) { o->refs--; }
FUNCTION void take(struct object *o) { o->refs++; }
FUNCTION int same(int x) { return x; }
FUNCTION int none(void) { return 0; }
FUNCTION int refs(struct object *o) { return o->refs; }
FUNCTION struct object *next(struct object *o) { return o->next; }
FUNCTION void empty(void) {}
FUNCTION void call_two(int *x, void (*f)(int *)) { f(x); *x += 1; }
FUNCTION void call_at(int *x, void (**f)(int *)) { f[1](x); *x += 1; }
FUNCTION int last(struct object *o) { do o = o->next; while (o->refs > 1); return o->refs; }
FUNCTION void clear(struct object *o) { o->refs = 0; }
FUNCTION int is_last(struct object *o) { return --o->refs == 0; }
FUNCTION long sum(long n) { long s = 0; do s += n; while (--n); return s; }
FUNCTION void add_ten(int *x)
{
	void *frames[32];

	depth = backtrace(frames, 32);
	*x += 10;
}
FUNCTION void end_of_all(void) {}

#define MINE(name) {#name, (uintptr_t)name}
static const struct {
	const char *name;
	uintptr_t entry;
} all[] = {MINE(sum), MINE(is_last), MINE(clear), MINE(last), MINE(call_at), MINE(call_two), MINE(empty), MINE(next), MINE(refs),
	   MINE(none), MINE(same), MINE(take), MINE(drop)};
#define ALL (sizeof all / sizeof *all)

static int is_followed[ALL];

static void check(int right, const char *what)
{
	wrongs += !right;
	if (!right)
		printf("wrong: %s\n", what);
}

static void use(void)
{
	struct object end = {1, 7, 0}, middle = {3, 8, &end}, first = {5, 9, &middle};
	void (*two[])(int *) = {0, add_ten};
	int number = 0;

	VIA(take)(&first);
	VIA(take)(&first);
	VIA(drop)(&first);
	check(VIA(refs)(&first) == 6 && first.other == 9, "counts");
	check(VIA(same)(-3) == -3 && VIA(none)() == 0, "constants");
	check(VIA(next)(&first) == &middle, "members");
	VIA(empty)();
	VIA(call_two)(&number, add_ten);
	VIA(call_at)(&number, two);
	check(number == 22, "calls in the entry");
	check(VIA(last)(&first) == 1, "a loop that begins in the entry");
	check(!VIA(is_last)(&first) && first.refs == 5, "tests");
	VIA(clear)(&first);
	check(first.refs == 0 && VIA(sum)(100) == 5050, "stores and sums");
}

static int follow(struct exports *e, unsigned i, int through)
{
	struct exports_function f = {0};
	struct patch_target t = {.entry = all[i].entry, .number = i, .through = through};
	const char *reason;

	if (exports_find(e, all[i].name, (uint32_t)strlen(all[i].name), &f, 1) != 1 || f.address != t.entry ||
	    exports_range(e, t.entry, &t.low, &t.high))
		return 0;
	t.size = f.size;
	t.room = exports_room(e, t.entry, t.high);
	reason = patch_install(&t, &patches[i]);
	if (reason)
		printf("%s %lu: %s\n", all[i].name, (unsigned long)t.size, reason);
	return !reason;
}

/* As a debugger does at the entry of the function behind a short one. */
static void break_behind(void)
{
	static const unsigned char trap = 0xcc;
	struct object o = {5, 0, 0};

	for (unsigned i = 1; i < ALL; i++) {
		unsigned char byte = *(unsigned char *)all[i - 1].entry;

		if (all[i].entry + 5 <= all[i - 1].entry || !is_followed[i] ||
		    (all[i].entry != (uintptr_t)take && all[i].entry != (uintptr_t)drop))
			continue;
		poke_write(all[i - 1].entry, &trap, 1);
		((void (*)(struct object *))all[i].entry)(&o);
		poke_write(all[i - 1].entry, &byte, 1);
		printf("borrowed: %s, count %d\n", all[i].name, o.refs);
	}
}

int main(int argc, char **argv)
{
	struct exports e;
	unsigned followed = 0, short_ones = 0;
	int bare;

	guard_start((char *[]){NULL});
	use();
	bare = depth;
	poke_begin();
	if (exports_open(&e, _r_debug.r_map, 1))
		return 2;
	for (unsigned i = 0; i < ALL; i++) { /* from the last one in memory */
		followed += (unsigned)(is_followed[i] = follow(&e, i, !strcmp(argv[1], "through")));
		short_ones += is_followed[i] && all[i].entry + 5 > (i ? all[i - 1].entry : (uintptr_t)add_ten);
	}
	use();
	check(depth >= bare, "the stack behind a call in the entry");
	for (unsigned i = 0; i < ALL; i++)
		check(seen[i] == (unsigned)is_followed[i] * (1 + !strcmp(all[i].name, "take")), all[i].name);
	if (argc > 2)
		break_behind();
	poke_end();
	for (unsigned i = 0; i < ALL; i++)
		if (is_followed[i])
			patch_forget(&patches[i]);
	printf("followed %u of %zu, %u have less than five bytes\n", followed, ALL, short_ones);
	return wrongs != 0;
}

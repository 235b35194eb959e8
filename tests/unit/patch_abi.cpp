/* SPDX-License-Identifier: MIT */
/*
 * Functions of every calling convention keep their meaning when they are patched. Each exists
 * twice: one gets the tail thunk, one the thunk that calls through. The handlers here spoil every
 * register that they may. Prints "wrong: ..." for what fails, and the number of checks.
 */
#include <csetjmp>
#include <cstdarg>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <execinfo.h>
#include <stdexcept>
extern "C" {
#include "guard.h"
#include "patch.h"
#include "poke.h"
#include "thunk.h"
}

static struct patch patches[64];
static unsigned used, entered, left, checks, wrongs;
static int depth_seen;
static uint64_t last_result;

static void check(bool right, const char *what)
{
	checks++;
	if (!right) {
		wrongs++;
		printf("wrong: %s\n", what);
	}
}

static void spoil_vectors(void *)
{
	void *frames[32];

	depth_seen = backtrace(frames, 32);
	asm volatile("pxor %%xmm0,%%xmm0\n pxor %%xmm1,%%xmm1\n pxor %%xmm2,%%xmm2\n pxor %%xmm7,%%xmm7\n"
		     "pcmpeqd %%xmm12,%%xmm12\n" ::: "xmm0", "xmm1", "xmm2", "xmm7", "xmm12");
}

static void spoil(void)
{
	thunk_spill(spoil_vectors, nullptr);
	asm volatile("mov $-1,%%rax\n mov %%rax,%%rcx\n mov %%rax,%%rdx\n mov %%rax,%%rsi\n mov %%rax,%%rdi\n"
		     "mov %%rax,%%r8\n mov %%rax,%%r9\n mov %%rax,%%r10\n mov %%rax,%%r11\n" ::: "rax", "rcx",
		     "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11", "memory");
}

extern "C" void probes_tail(struct thunk_registers *at)
{
	check(patch_number(at->cell) < used, "tail number");
	entered++;
	spoil();
}

extern "C" struct thunk_call probes_enter(struct thunk_registers *at)
{
	struct thunk_call call = {patches[at->cell].original, 32};

	entered++;
	spoil();
	return call;
}

extern "C" void probes_leave(struct thunk_registers *, uint64_t result)
{
	left++;
	last_result = result;
	spoil();
}

#define TWICE(kind) kind(_tail) kind(_through)
struct pair { int64_t a, b; };
struct mixed { int64_t a; double b; };
struct doubles { double a, b; };
struct large { int64_t a[4]; };

#define FUNCTIONS(s) \
	extern "C" __attribute__((noinline)) int64_t ten##s(int64_t a, int64_t b, int64_t c, int64_t d, \
		int64_t e, int64_t f, int64_t g, int64_t h, int64_t i, int64_t j) \
	{ return a + 2 * b + 3 * c + 4 * d + 5 * e + 6 * f + 7 * g + 8 * h + 9 * i + 10 * j; } \
	extern "C" __attribute__((noinline)) double floats##s(double a, float b, double c, int d, double e) \
	{ return a + b * 2 + c * 3 + d * 4 + e * 5; } \
	extern "C" __attribute__((noinline)) long double x87##s(long double a, long double b) { return a * b + 1; } \
	extern "C" __attribute__((noinline)) pair pairs##s(pair p) { return {p.b + 1, p.a + 2}; } \
	extern "C" __attribute__((noinline)) mixed mixeds##s(mixed p) { return {p.a + 1, p.b + 2}; } \
	extern "C" __attribute__((noinline)) doubles two##s(doubles p) { return {p.b + 1, p.a + 2}; } \
	extern "C" __attribute__((noinline)) large larges##s(large p, int64_t k) \
	{ return {{p.a[3] + k, p.a[2], p.a[1], p.a[0]}}; } \
	extern "C" __attribute__((noinline)) double sum##s(int n, ...) \
	{ va_list l; double t = 0; va_start(l, n); \
	  for (int i = 0; i < n; i++) t += i & 1 ? va_arg(l, double) : va_arg(l, int); va_end(l); return t; } \
	extern "C" __attribute__((noinline)) void throws##s(int n) { if (n) throw std::runtime_error("thrown"); } \
	extern "C" __attribute__((noinline)) void jumps##s(jmp_buf *to) { longjmp(*to, 7); } \
	extern "C" __attribute__((noinline)) int recurse##s(int n) { return n ? 1 + recurse##s(n - 1) : 0; } \
	static void all##s(); \
	static void install##s(); \
	static void all##s() \
	{ \
		check(ten##s(1, 2, 3, 4, 5, 6, 7, 8, 9, 10) == 385, "ten integers" #s); \
		check(floats##s(1, 2, 3, 4, 5) == 55, "floating point" #s); \
		check(x87##s(3, 4) == 13, "long double" #s); \
		pair p = pairs##s({10, 20}); \
		check(p.a == 21 && p.b == 12, "pair in registers" #s); \
		mixed m = mixeds##s({10, 20}); \
		check(m.a == 11 && m.b == 22, "rax and xmm0" #s); \
		doubles d = two##s({10, 20}); \
		check(d.a == 21 && d.b == 12, "xmm0 and xmm1" #s); \
		large l = larges##s({{1, 2, 3, 4}}, 5); \
		check(l.a[0] == 9 && l.a[1] == 3 && l.a[3] == 1, "structure on the stack, hidden pointer" #s); \
		check(sum##s(24, 0, 1., 2, 3., 4, 5., 6, 7., 8, 9., 10, 11., 12, 13., 14, 15., 16, 17., 18, 19., \
			     20, 21., 22, 23.) == 276, "24 variable arguments" #s); \
		check(recurse##s(100) == 100, "recursion" #s); \
		bool caught = false; \
		try { throws##s(1); } catch (const std::runtime_error &e) { caught = !strcmp(e.what(), "thrown"); } \
		check(caught, "exception through the frame" #s); \
		jmp_buf here; \
		int jumped = setjmp(here); \
		if (!jumped) jumps##s(&here); \
		check(jumped == 7, "longjmp through the frame" #s); \
	}
TWICE(FUNCTIONS)

template <class F> static void patch(F *function, int through)
{
	uintptr_t entry = (uintptr_t)function;
	patch_target target = {entry, 256, 256, entry & ~4095ul, (entry & ~4095ul) + 8192, used, through};
	const char *reason = patch_install(&target, &patches[used]);

	if (reason)
		printf("refused: %u: %s\n", used, reason);
	used += !reason;
}

#define INSTALL(s, t) \
	patch(ten##s, t), patch(floats##s, t), patch(x87##s, t), patch(pairs##s, t), patch(mixeds##s, t), \
		patch(two##s, t), patch(larges##s, t), patch(sum##s, t), patch(throws##s, t), patch(jumps##s, t), \
		patch(recurse##s, t)

/* A function that is known to leave most registers alone: a caller may keep values in them. */
__attribute__((noinline)) static int64_t keeps_registers(int64_t n)
{
	int64_t sum = 0;
	double d = 1.5;

	for (int64_t i = 0; i < n; i++) {
		sum += recurse_tail(0) + i;
		d += (double)recurse_through(0) + 0.5;
	}
	return sum + (int64_t)(2 * d);
}

int main()
{
	void *frames[32];
	char *nothing_said[] = {nullptr};

	guard_start(nothing_said);
	poke_begin();
	INSTALL(_tail, 0);
	INSTALL(_through, 1);
	poke_end();
	all_tail();
	unsigned tail = entered;
	check(tail >= 11 && left == 0, "every tail call was seen");
	all_through();
	check(entered == 2 * tail, "every call through was seen");
	check(left == tail - 2, "all but the thrown and the jumped ones came back");
	pair last = pairs_through({1, 2});
	check(last.a == 3 && last_result == 3, "the result was seen");
	check(keeps_registers(100) == 4950 + 3 + 100, "registers of a caller that relies on them");
	int here = backtrace(frames, 32);
	recurse_through(0);
	check(depth_seen >= here, "the stack can be walked from a handler, through");
	recurse_tail(0);
	check(depth_seen >= here, "the stack can be walked from a handler, tail");
	printf("%u checks, %u wrong, %u functions\n", checks, wrongs, used);
	return wrongs != 0 || used != 22;
}

/* SPDX-License-Identifier: MIT */
/* Objects that are handed over in every shape that a location can name; each is lost once. */
#include <stdlib.h>

struct obj { long pad; int count; };
struct handle { struct obj *o; };
struct wide { struct obj *o; long more[3]; };
static struct obj *new(void) { struct obj *o = calloc(1, sizeof(*o)); o->count = 1; return o; }
static void drop(struct obj *o) { if (--o->count == 0) free(o); }
int out_new(struct obj **out, int fail) { if (fail) return -5; *out = new(); return 0; }
void out_drop(struct obj *o) { drop(o); }
struct wide wide_new(int n) { struct wide w = {new(), {n, n, n}}; return w; }
void wide_drop(struct wide w) { drop(w.o); }
struct handle *handle_new(void) { struct handle *h = malloc(sizeof(*h)); h->o = new(); return h; }
void handle_drop(struct handle **h) { drop((*h)->o); free(*h); *h = 0; }
struct obj *both(struct obj *o, int flags) { if (flags & 1) drop(o); return flags & 2 ? new() : 0; }
struct obj *many(long a, long b, long c, long d, long e, long f, long g, double x, long h, long i)
{ return a + b + c + d + e + f + g + h + i + x == 55 ? new() : 0; }

int main(void)
{
	struct obj *o, *p = 0;
	for (int i = 0; i < 3; i++) { out_new(&o, i == 1); if (i == 2) out_drop(o); }
	for (int i = 0; i < 2; i++) { struct wide w = wide_new(7); if (w.more[2] == 7 && i) wide_drop(w); }
	for (int i = 0; i < 2; i++) { struct handle *h = handle_new(); if (i) handle_drop(&h); }
	for (int i = 0; i < 3; i++) p = both(p, i == 0 ? 2 : i == 1 ? 3 : 0);
	for (int i = 0; i < 2; i++) { o = many(1, 2, 3, 4, 5, 6, 7, 8, 9, 10); if (i) out_drop(o); }
	return o = p = 0, 0;
}

/* SPDX-License-Identifier: MIT */
/* answer: realloc|error-path|overwritten; in grow|text_append; at the lines between the marks */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
struct text { char *s; size_t n, cap; };
static int grow(struct text *t, size_t want)
{
    size_t cap = t->cap ? t->cap : 8;
    while (cap < want)
        cap = cap > SIZE_MAX / 4 ? want : cap * 2;
#ifdef FAULT
    t->s = realloc(t->s, cap); /* <<< */
    if (t->s == NULL) {
        t->n = t->cap = 0;
        return -1;
    } /* >>> */
#else
    char *s = realloc(t->s, cap);
    if (s == NULL) {
        free(t->s);
        t->s = NULL;
        t->n = t->cap = 0;
        return -1;
    }
    t->s = s;
#endif
    t->cap = cap;
    return 0;
}
static int text_append(struct text *t, const char *s, size_t n)
{
    if (n > t->cap - t->n && grow(t, t->n + n)) /* <<< >>> */
        return -1;
    memcpy(t->s + t->n, s, n);
    t->n += n;
    return 0;
}
int main(void)
{
    volatile size_t bad = SIZE_MAX / 2;
    int failed = 0;
    for (int i = 0; i < 15; i++) {
        struct text t = { NULL, 0, 0 };
        for (int k = 0; k < 10 && !failed; k++)
            failed |= text_append(&t, "some words ", i % 3 == 2 && k == 5 ? bad : 11) != 0;
        failed = 0;
        free(t.s);
    }
    puts("ok");
    return 0;
}

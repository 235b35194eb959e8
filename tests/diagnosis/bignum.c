/* SPDX-License-Identifier: MIT */
/* answer: error-path; in big_mul; at the lines between the marks */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
	int n;
	uint32_t *d;
} big;

static big *big_new(int n)
{
	big *b = malloc(sizeof(*b));
	b->n = n;
	b->d = calloc(n, sizeof(*b->d));
	return b;
}

static void big_free(big *b)
{
	if (b)
		free(b->d);
	free(b);
}

static big *big_of(uint32_t v)
{
	big *b = big_new(1);
	b->d[0] = v;
	return b;
}

static int big_is_zero(const big *a)
{
	for (int i = 0; i < a->n; i++)
		if (a->d[i])
			return 0;
	return 1;
}

static void add_at(big *r, const big *a, int shift)
{
	uint64_t carry = 0;
	for (int i = 0; i + shift < r->n; i++) {
		carry += (uint64_t)r->d[i + shift] + (i < a->n ? a->d[i] : 0);
		r->d[i + shift] = (uint32_t)carry;
		carry >>= 32;
	}
}

static void mul_digit(big *t, const big *a, uint32_t digit)
{
	uint64_t carry = 0;
	for (int i = 0; i < t->n; i++) {
		carry += i < a->n ? (uint64_t)a->d[i] * digit : 0;
		t->d[i] = (uint32_t)carry;
		carry >>= 32;
	}
}

static big *big_mul(const big *a, const big *b)
{
	big *r = big_new(a->n + b->n);
	big *row = big_new(a->n + 1);

	if (big_is_zero(a) || big_is_zero(b)) {
#ifndef FAULT
		big_free(row);
#endif
		return r; /* <<< >>> */
	}
	for (int i = 0; i < b->n; i++) {
		mul_digit(row, a, b->d[i]);
		add_at(r, row, i);
	}
	big_free(row);
	return r;
}

int main(void)
{
	uint32_t sum = 0;
	for (uint32_t i = 0; i < 64; i++) {
		big *x = big_of(i * 2654435761u), *y = big_of(i % 11 == 7 ? 0 : i + 0x80000000u);
		big *p = big_mul(x, y), *q = big_mul(p, p);
		for (int k = 0; k < q->n; k++)
			sum += q->d[k];
		big_free(q);
		big_free(p);
		big_free(x);
		big_free(y);
	}
	printf("%u\n", sum);
	return 0;
}

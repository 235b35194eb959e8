/* SPDX-License-Identifier: MIT */
/* answer: never-released|overwritten; in trace_of_product; at the lines between the marks */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
typedef struct { int rows, cols; double *v; } matrix;
static matrix *matrix_new(int rows, int cols)
{
	matrix *m = malloc(sizeof(*m));
	m->rows = rows;
	m->cols = cols;
	m->v = calloc(rows * cols, sizeof(double));
	return m;
}
static void matrix_free(matrix *m)
{
	free(m->v);
	free(m);
}
static matrix *matrix_fill(int n, int seed)
{
	matrix *m = matrix_new(n, n);
	for (int i = 0; i < n * n; i++)
		m->v[i] = (seed + i) % 7;
	return m;
}
static matrix *multiply(const matrix *a, const matrix *b)
{
	matrix *m = matrix_new(a->rows, b->cols);
	for (int i = 0; i < a->rows; i++)
		for (int j = 0; j < b->cols; j++)
			for (int k = 0; k < a->cols; k++)
				m->v[i * m->cols + j] += a->v[i * a->cols + k] * b->v[k * b->cols + j];
	return m;
}
static double trace(const matrix *m)
{
	double t = 0;
	for (int i = 0; i < m->rows; i++)
		t += m->v[i * m->cols + i];
	return t;
}
static double trace_of_product(const matrix *a, const matrix *b)
{
#ifdef FAULT
	return trace(multiply(a, b)); /* <<< >>> */
#else
	matrix *p = multiply(a, b);
	double t = trace(p);
	matrix_free(p);
	return t;
#endif
}
int main(void)
{
	double sum = 0;
	for (int i = 0; i < 15; i++) {
		matrix *a = matrix_fill(3, i), *b = matrix_fill(3, i + 2);
		matrix *ab = multiply(a, b);
		sum += trace(ab) - trace_of_product(b, a);
		matrix_free(ab);
		matrix_free(a);
		matrix_free(b);
	}
	printf("%g\n", sum);
	return 0;
}

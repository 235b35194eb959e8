/* SPDX-License-Identifier: MIT */
/* answer: never-released; in solve; at the lines between the marks */

#include <cstdio>
#include <vector>

class matrix {
public:
	matrix(int n) : n_(n), cells_(new double[n * n]) {}
	~matrix() { delete[] cells_; }
	double &at(int i, int k) { return cells_[i * n_ + k]; }
private:
	int n_;
	double *cells_;
};

static double solve(int n)
{
	matrix *m = new matrix(n);
	double sum = 0;

	for (int i = 0; i < n; i++)
		for (int k = 0; k < n; k++)
			m->at(i, k) = i - k;
	for (int i = 0; i < n; i++)
		sum += m->at(i, n - 1 - i);
#ifndef FAULT
	delete m;
#endif
	return sum; // <<< >>>
}

int main()
{
	double sum = 0;

	for (int n = 2; n < 8; n++)
		sum += solve(n);
	printf("%f\n", sum);
}

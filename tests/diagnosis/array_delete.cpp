/* SPDX-License-Identifier: MIT */
/* answer: mismatch; in reset|histogram::reset; at the lines between the marks */
#include <cstdio>

struct histogram {
	unsigned *bins = nullptr;
	void resize(unsigned n)
	{
		reset();
		bins = new unsigned[n]();
	}
	void reset()
	{
#ifdef FAULT
		delete bins; // <<< >>>
#else
		delete[] bins;
#endif
		bins = nullptr;
	}
};

int main()
{
	histogram h;

	for (unsigned i = 1; i < 6; i++) {
		h.resize(i * 10);
		h.bins[i]++;
	}
	h.reset();
	puts("done");
}

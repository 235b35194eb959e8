/* SPDX-License-Identifier: MIT */
/* answer: mismatch; in release; at the lines between the marks */
#include <cstdio>
#include <cstdlib>
#include <cstring>

struct packet { char *data; int n; };

static packet make(int n)
{
	packet p = { new char[n], n };

	memset(p.data, 1, n);
	return p;
}

static __attribute__((noinline)) void release(packet &p)
{
#ifdef FAULT
	free(p.data); // <<< >>>
#else
	delete[] p.data;
#endif
	p.data = nullptr;
}

int main()
{
	int sum = 0;

	for (int i = 1; i < 9; i++) {
		packet p = make(i * 10);
		sum += p.data[i];
		release(p);
	}
	printf("%d\n", sum);
}

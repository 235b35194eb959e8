/* SPDX-License-Identifier: MIT */
/* answer: cycle; in link|main; at the lines between the marks */
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

struct person {
	std::string name;
	std::shared_ptr<person> partner;
#ifndef FAULT
	std::weak_ptr<person> back;
#endif
	explicit person(const char *n) : name(n) {}
};

static void link(const std::shared_ptr<person> &a, const std::shared_ptr<person> &b)
{
	a->partner = b;
#ifdef FAULT
	b->partner = a; // <<< >>>
#else
	b->back = a;
#endif
}

int main()
{
	for (int i = 0; i < 5; i++) {
		auto a = std::make_shared<person>("Ada"), b = std::make_shared<person>("Bob");
		link(a, b);
	}
	puts("done");
}

// SPDX-License-Identifier: MIT
// Allocations while exceptions are on their way: in destructors, in catch blocks, nested.
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <vector>

struct allocates_when_it_dies {
	size_t n;
	~allocates_when_it_dies() { void *volatile p = malloc(n); free(p); }
};
[[gnu::noinline]] static int deep(int n)
{
	allocates_when_it_dies guard{size_t(n) + 1};
	if (!n)
		throw std::runtime_error(std::string(100, 'x'));
	try { return deep(n - 1) + int(guard.n); }
	catch (const std::logic_error &) { return 1; }
}
int main()
{
	std::vector<std::string> seen;
	for (int i = 0; i < 60; i++)
		try { deep(i % 12); }
		catch (const std::exception &e) { seen.push_back(e.what()); try { deep(3); } catch (...) { seen.emplace_back(50, 'y'); } }
	return seen.size() != 120;
}

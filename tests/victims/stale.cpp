// SPDX-License-Identifier: MIT
// The only pointer to a lost block lies in memory that the program got (argv[1]: how) and never wrote to.
#include <cstdint>
#include <cstdlib>
#include <cstring>

static void *volatile held;

static __attribute__((noinline)) void lose(size_t size)
{
	void **junk = (void **)std::malloc(size);

	for (size_t i = 0; i < size / 8; i++)
		junk[i] = nullptr;
	junk[size / 16] = std::memset(std::malloc(1337), 0, 1337);
	std::free(junk);
}

int main(int argc, char **argv)
{
	const char *way = argc > 1 ? argv[1] : "malloc";
	void *p = std::malloc(64);

	lose(!std::strcmp(way, "realloc") ? 2000 : 256);
	if (!std::strcmp(way, "malloc")) held = std::malloc(256);
	if (!std::strcmp(way, "new")) held = ::operator new(256);
	if (!std::strcmp(way, "aligned")) if (posix_memalign((void **)&held, 16, 256)) return 1;
	if (!std::strcmp(way, "realloc")) held = p = std::realloc(p, 1800);
	return p ? 0 : 1;
}

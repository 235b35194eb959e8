// SPDX-License-Identifier: MIT
// An exception that is under way, caught or kept (argv[1]) when the program ends as argv[2] says: it is no leak, and what it
// has is none. "lost": nobody can let it go any more.
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <future>
#include <stdexcept>
#include <utility>

static const char *way, *how;
static std::exception_ptr kept;
static volatile uintptr_t hidden;

[[noreturn]] static void end()
{
	volatile char stale[16384];

	for (char volatile &c : stale)
		c = 0;
	if (!strcmp(how, "_Exit"))
		_Exit(0);
	if (!strcmp(how, "quick_exit"))
		quick_exit(0);
	exit(0);
}

struct ends_in_destructor {
	~ends_in_destructor() { if (!strcmp(way, "destructor")) end(); }
};

static void fails()
{
	ends_in_destructor d;

	throw std::runtime_error("a text that is too long for any short string, and is a block of its own therefore");
}

static void fails_within()
{
	try {
		fails();
	} catch (...) {
		std::throw_with_nested(std::logic_error("another text that is too long for any short string"));
	}
}

static void keep()
{
	try {
		fails();
	} catch (...) {
		kept = std::current_exception();
	}
}

static void lose()
{
	keep();
	hidden = ~(uintptr_t)new std::exception_ptr(kept);
	kept = nullptr;
}

int main(int, char **argv)
{
	way = argv[1], how = argv[2];
	std::set_terminate(end);
	if (!strcmp(way, "terminate"))
		fails();
	if (!strcmp(way, "kept"))
		keep();
	if (!strcmp(way, "lost"))
		lose();
	if (!strcmp(way, "future")) {
		static std::future<void> result = std::async(std::launch::async, fails);

		result.wait();
	}
	try {
		if (!strcmp(way, "caught") || !strcmp(way, "destructor"))
			fails();
		if (!strcmp(way, "nested"))
			fails_within();
		if (!strcmp(way, "thrown again")) {
			keep();
			std::rethrow_exception(std::exchange(kept, nullptr));
		}
	} catch (...) {
		end();
	}
	end();
}

// SPDX-License-Identifier: MIT
/* Forty lost cycles of two objects; with an argument the second object is the one at the lower address in every
 * other one. */
#include <cstdlib>
#include <memory>

struct timer;
struct session { std::shared_ptr<timer> when; char room[40]; };
struct timer { std::shared_ptr<session> who; char room[40]; };

static __attribute__((noinline)) void lose(bool turn)
{
	void *low = turn ? std::malloc(sizeof(timer) + 16) : nullptr;
	auto s = std::make_shared<session>();

	std::free(low);
	auto t = std::make_shared<timer>();
	s->when = t;
	t->who = s;
}

int main(int argc, char **)
{
	for (int i = 0; i < 40; i++)
		lose(argc > 1 && i % 2);
	return 0;
}

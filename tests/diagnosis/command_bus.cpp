/* SPDX-License-Identifier: MIT */
/* answer: exception; in handle; at the lines between the marks */
#include <cstdio>
#include <functional>
#include <list>
#include <map>
#include <stdexcept>
#include <string>

struct Command {
	std::string name;
	int amount;
};

class Bus {
	std::map<std::string, std::function<int(const Command &)>> handlers;
	std::list<Command *> waiting;
	int refused = 0;

	int handle(Command *c)
	{
		int result = 0;
#ifndef FAULT // <<<
		try {
			result = handlers.at(c->name)(*c);
		} catch (...) {
			delete c;
			throw;
		}
#else
		result = handlers.at(c->name)(*c);
#endif // >>>
		delete c;
		return result;
	}

public:
	void on(const std::string &name, std::function<int(const Command &)> f) { handlers[name] = std::move(f); }
	void post(const std::string &name, int amount) { waiting.push_back(new Command{name, amount}); }
	int run();
	int refusals() const { return refused; }
};

int Bus::run()
{
	int sum = 0;

	while (!waiting.empty()) {
		Command *c = waiting.front();

		waiting.pop_front();
		try {
			sum += handle(c);
		} catch (const std::runtime_error &e) {
			refused += e.what()[0] == 's';
		}
	}
	return sum;
}

static int sell(const Command &c)
{
	if (c.amount % 7 == 3)
		throw std::runtime_error("sold out");
	return c.amount;
}

int main()
{
	Bus bus;
	int sum = 0, bought = 0;

	bus.on("sell", sell);
	bus.on("buy", [&bought](const Command &c) { return bought += c.amount; });
	for (int day = 0; day < 12; day++) {
		for (int i = 0; i < 3; i++)
			bus.post(i % 2 ? "buy" : "sell", day + i);
		sum += bus.run();
	}
	printf("%d %d %d\n", sum, bought, bus.refusals());
	return 0;
}

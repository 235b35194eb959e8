/* SPDX-License-Identifier: MIT */
/* answer: start-up-on-purpose; in -; at the lines between the marks */
#include <cstdio>
#include <map>
#include <string>

class catalogue {
	std::map<std::string, int> prices;
	catalogue()
	{
		prices["nut"] = 3;
		prices["bolt with a rather long name that is not short"] = 5;
		prices["gear"] = 40;
	}

public:
	static catalogue *instance;
	static catalogue &get()
	{
		if (!instance)
			instance = new catalogue;
		return *instance;
	}
	int price(const std::string &s) const { return prices.at(s); }
};

catalogue *catalogue::instance;

int main()
{
	int sum = 0;

	for (int i = 0; i < 100; i++)
		sum += catalogue::get().price(i % 2 ? "nut" : "gear");
	printf("%d\n", sum);
#ifndef FAULT
	delete catalogue::instance;
	catalogue::instance = nullptr;
#endif
}

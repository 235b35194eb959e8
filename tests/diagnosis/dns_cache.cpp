/* SPDX-License-Identifier: MIT */
/* answer: growing-cache; in resolver::lookup|lookup; at the lines between the marks */
#include <cstdio>
#include <map>
#include <memory>
#include <string>

struct answer {
	std::string address;
	long expires;
};

class resolver {
	std::map<std::string, std::unique_ptr<answer>> known;

public:
	const answer &lookup(const std::string &name, long now)
	{
		auto at = known.find(name);

		if (at != known.end() && at->second->expires > now)
			return *at->second;
#ifndef FAULT
		for (auto i = known.begin(); i != known.end();)
			i = i->second->expires <= now ? known.erase(i) : std::next(i);
#endif
		auto a = std::make_unique<answer>(); // <<<
		a->address = "10.0.0." + std::to_string(now % 250);
		a->expires = now + 10;
		return *(known[name] = std::move(a)); // >>>
	}
};

static resolver *dns = new resolver;

int main()
{
	size_t n = 0;

	for (long now = 0; now < 2000; now++)
		n += dns->lookup("host-" + std::to_string(now) + ".example.org", now).address.size();
	printf("%zu\n", n);
#ifndef FAULT
	delete dns;
	dns = nullptr;
#endif
}

/* SPDX-License-Identifier: MIT */
/* answer: owner-freed|never-released; in ~player|player::~player; at the lines between the marks */
#include <cstdio>
#include <string>
#include <vector>

class inventory {
	std::vector<std::string> things;

public:
	void add(const std::string &s) { things.push_back(s); }
	size_t size() const { return things.size(); }
};

class player {
	inventory *bag;
	std::string name;

public:
	explicit player(const std::string &n) : bag(new inventory), name(n) {}
	player(const player &) = delete;
	~player() // <<<
	{
#ifndef FAULT
		delete bag;
#endif
	} // >>>
	void take(const std::string &s) { bag->add(name + "'s " + s); }
	size_t weight() const { return bag->size(); }
};

int main()
{
	size_t n = 0;

	for (int i = 0; i < 6; i++) {
		player *p = new player("player " + std::to_string(i));
		p->take("sword of considerable length");
		p->take("shield");
		n += p->weight();
		delete p;
	}
	printf("%zu\n", n);
}

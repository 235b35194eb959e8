/* SPDX-License-Identifier: MIT */
/* answer: owner-freed|error-path|never-released; in bus::unsubscribe|bus::~bus|unsubscribe|~bus; at the lines between the marks */
#include <cstdio>
#include <map>
#include <string>
#include <vector>

struct listener {
	int calls = 0;
	virtual ~listener() {}
	virtual void hear(int n) { calls += n; }
};

class bus {
public:
	void subscribe(int id, listener *l) { all_[id] = l; }
	void unsubscribe(int id);
	void send(int n) { for (auto &p : all_) p.second->hear(n); }
	~bus();
private:
	std::map<int, listener *> all_;
};

void bus::unsubscribe(int id)
{
	auto found = all_.find(id);

	if (found == all_.end())
		return;
#ifndef FAULT
	delete found->second;
#endif
	all_.erase(found); // <<<
} // >>>

bus::~bus()
{
	for (auto &p : all_)
		delete p.second;
}

int main()
{
	bus b;

	for (int i = 0; i < 10; i++)
		b.subscribe(i, new listener);
	b.send(3);
	for (int i = 0; i < 4; i++)
		b.unsubscribe(i);
	b.send(1);
	printf("done\n");
}

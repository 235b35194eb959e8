/* SPDX-License-Identifier: MIT */
/* answer: owner-freed|error-path; in disconnect; at the lines between the marks */
#include <algorithm>
#include <cstdio>
#include <functional>
#include <string>
#include <vector>

struct slot {
	int id;
	std::string tag;
	std::function<void(int)> call;
};

class signal_hub {
	std::vector<slot *> slots;
	int next = 1;

public:
	~signal_hub()
	{
		for (slot *s : slots)
			delete s;
	}
	int connect(const char *tag, std::function<void(int)> f)
	{
		slots.push_back(new slot{next, tag, std::move(f)});
		return next++;
	}
	void disconnect(int id)
	{
		auto it = std::find_if(slots.begin(), slots.end(), [id](slot *s) { return s->id == id; });
		if (it == slots.end())
			return;
#ifndef FAULT
		delete *it;
#endif
		*it = slots.back(); // <<<
		slots.pop_back();
	} // >>>
	void emit(int v)
	{
		for (slot *s : slots)
			s->call(v);
	}
};

struct panel {
	signal_hub &hub;
	int sum = 0, connection;
	panel(signal_hub &h, const char *tag) : hub(h), connection(h.connect(tag, [this](int v) { sum += v; })) {}
	~panel() { hub.disconnect(connection); }
};

int main()
{
	signal_hub hub;
	int seen = 0, total = 0;

	for (int i = 0; i < 4; i++)
		hub.connect("one that stays until the hub goes", [&total](int v) { total += v; });
	for (int i = 0; i < 8; i++) {
		panel p(hub, "a panel that is closed very soon");
		hub.emit(i);
		seen += p.sum;
	}
	printf("%d %d\n", seen, total);
	return 0;
}

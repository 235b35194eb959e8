/* SPDX-License-Identifier: MIT */
/* answer: owner-freed|error-path; in evict_oldest; at the lines between the marks */
#include <cstdint>
#include <cstdio>
#include <list>
#include <string>
#include <unordered_map>
#include <vector>

class Texture {
public:
	Texture(int w, int h) : width(w), height(h), pixels(w * h) {}
	uint32_t average() const
	{
		uint64_t sum = 0;
		for (uint32_t p : pixels)
			sum += p;
		return sum / pixels.size();
	}
	void fill(uint32_t v)
	{
		for (auto &p : pixels)
			p = v++;
	}

private:
	int width, height;
	std::vector<uint32_t> pixels;
};

class AssetStore {
public:
	explicit AssetStore(size_t most) : limit(most) {}
	~AssetStore()
	{
		for (auto &entry : by_name)
			delete entry.second;
	}

	Texture *get(const std::string &name)
	{
		auto it = by_name.find(name);
		if (it != by_name.end())
			return it->second;
		if (by_name.size() >= limit)
			evict_oldest();
		Texture *t = new Texture(8, 8);
		t->fill(name.size());
		by_name[name] = t;
		order.push_back(name);
		return t;
	}

private:
	void evict_oldest()
	{
		auto it = by_name.find(order.front()); // <<<
#ifndef FAULT
		delete it->second;
#endif
		by_name.erase(it);
		order.pop_front(); // >>>
	}

	size_t limit;
	std::unordered_map<std::string, Texture *> by_name;
	std::list<std::string> order;
};

int main()
{
	uint64_t checksum = 0;
	AssetStore store(6);

	for (int frame = 0; frame < 30; frame++) {
		char name[32];
		snprintf(name, sizeof name, "textures/wall-%02d.png", frame % 9);
		checksum += store.get(name)->average();
	}
	printf("%lu\n", (unsigned long)checksum);
	return 0;
}

/* SPDX-License-Identifier: MIT */
/* answer: error-path|owner-freed|dropped-queue; in evict|Cache::evict; at the lines between the marks */
#include <cstdio>
#include <list>
#include <string>
#include <unordered_map>
#include <vector>

struct Image {
	std::string url;
	std::vector<unsigned char> pixels;
	bool pinned = false;
	Image(std::string u, size_t n) : url(std::move(u)), pixels(n) {}
};

class Cache {
public:
	explicit Cache(size_t most) : most_(most) {}
	~Cache()
	{
		for (Image *i : order_)
			delete i;
	}
	Image *get(const std::string &url)
	{
		auto found = index_.find(url);
		if (found != index_.end()) {
			order_.splice(order_.begin(), order_, found->second);
			return *found->second;
		}
		Image *made = new Image(url, 20 + url.size());
		order_.push_front(made);
		index_[url] = order_.begin();
		if (order_.size() > most_)
			evict();
		return made;
	}
	void drop(const std::string &url)
	{
		auto found = index_.find(url);
		if (found == index_.end())
			return;
		delete *found->second;
		order_.erase(found->second);
		index_.erase(found);
	}

private:
	void evict()
	{
		Image *last = order_.back();
		index_.erase(last->url);
		order_.pop_back(); // <<<
		evicted_++;
#ifndef FAULT
		delete last;
#endif
	} // >>>
	size_t most_, evicted_ = 0;
	std::list<Image *> order_;
	std::unordered_map<std::string, std::list<Image *>::iterator> index_;
};

int main()
{
	Cache cache(24);
	size_t sum = 0;
	for (int i = 0; i < 300; i++) {
		std::string url = "https://example.org/images/" + std::to_string(i * 7 % 31) + ".png";
		sum += cache.get(url)->pixels.size();
		if (i % 5 == 4)
			cache.drop(url);
	}
	printf("%zu\n", sum);
}

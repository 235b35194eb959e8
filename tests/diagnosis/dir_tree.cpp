/* SPDX-License-Identifier: MIT */
/* answer: cycle; in add|Dir::add|mkdir; at the lines between the marks */
#include <cstdio>
#include <map>
#include <memory>
#include <string>

struct Dir : std::enable_shared_from_this<Dir> {
	std::string name;
	std::map<std::string, std::shared_ptr<Dir>> children;
#ifdef FAULT
	std::shared_ptr<Dir> parent;
#else
	std::weak_ptr<Dir> parent;
#endif
	size_t bytes = 0;

	explicit Dir(std::string n) : name(std::move(n)) {}
	std::shared_ptr<Dir> add(const std::string &child)
	{
		auto &slot = children[child];
		if (!slot) {
			slot = std::make_shared<Dir>(child); // <<<
			slot->parent = shared_from_this(); // >>>
		}
		return slot;
	}
	size_t total() const
	{
		size_t n = bytes;
		for (auto &c : children)
			n += c.second->total();
		return n;
	}
};

static std::shared_ptr<Dir> parse_path(const std::shared_ptr<Dir> &root, const std::string &path)
{
	auto at = root;
	size_t from = 0;
	while (from < path.size()) {
		size_t slash = path.find('/', from);
		if (slash == std::string::npos)
			slash = path.size();
		at = at->add(path.substr(from, slash - from));
		from = slash + 1;
	}
	return at;
}

int main()
{
	size_t sum = 0;

	for (int i = 0; i < 8; i++) {
		auto root = std::make_shared<Dir>("/");
		parse_path(root, "usr/include/linux/netfilter")->bytes = 100;
		parse_path(root, "usr/lib/x86_64-linux-gnu/perl")->bytes = i;
		parse_path(root, "var/log")->bytes = 3;
		sum += root->total();
	}
	printf("%zu\n", sum);
}

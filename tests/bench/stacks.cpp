// SPDX-License-Identifier: MIT
// `stacks DEPTH ROUNDS`: builds and drops a binary tree of 2^(DEPTH+1) - 1 nodes by recursive descent, ROUNDS times.
// Left and right are two calls, so that every node has a call stack of its own; one node in 16 also goes into a
// std::map under a long name, which makes two more. DEPTH 16: 131,071 + 2 * 8,191 = about 147,000 distinct stacks.
// Between the rounds, words are counted in a std::map and a std::set from a handful of stacks.
#include <cstdio>
#include <cstdlib>
#include <map>
#include <memory>
#include <set>
#include <string>

namespace {

struct node {
	unsigned key;
	std::unique_ptr<node> left, right;
	explicit node(unsigned k) : key(k) {}
};

using names = std::map<std::string, unsigned>;

__attribute__((noinline)) std::unique_ptr<node> build(int depth, unsigned path, names &seen)
{
	auto made = std::make_unique<node>(path);

	if (path % 16 == 1)
		seen.emplace("a name too long to be held inside: " + std::to_string(path), path);
	if (depth) {
		made->left = build(depth - 1, path * 2, seen);
		made->right = build(depth - 1, path * 2 + 1, seen);
	}
	return made;
}

unsigned count_words(unsigned seed, unsigned words_to_come)
{
	std::map<unsigned, std::string> texts;
	std::set<std::string> words;

	for (unsigned i = 0; i < words_to_come; i++) {
		seed = seed * 1664525u + 1013904223u;
		unsigned word = seed >> 16;
		texts[word % 3000] += "abcdefghijklmnop"[word % 16];
		words.insert("word number " + std::to_string(word % 5000));
		if (word % 3 == 0)
			texts.erase(word % 2999);
	}
	return static_cast<unsigned>(texts.size() + words.size());
}

} // namespace

int main(int argc, char **argv)
{
	if (argc < 3)
		return 2;
	int depth = std::atoi(argv[1]);
	unsigned sum = 0;
	for (int round = 0; round < std::atoi(argv[2]); round++) {
		names seen;
		auto root = build(depth, 1, seen);
		sum += static_cast<unsigned>(seen.size()) + root->right->key;
		sum += count_words(static_cast<unsigned>(round), (1u << depth) / 12);
	}
	std::printf("%u\n", sum);
	return 0;
}

/* SPDX-License-Identifier: MIT */
/* answer: error-path; in define|Scope::define; at the lines between the marks */
#include <cstdio>
#include <map>
#include <string>
#include <vector>

struct Symbol {
	std::string name;
	int kind;
	Symbol(const std::string &n, int k) : name(n), kind(k) {}
};

static Symbol *make_symbol(const std::string &word)
{
	if (word.empty())
		return nullptr;
	return new Symbol(word, word[0] == '_' ? 1 : 2);
}

class Scope {
	std::map<std::string, Symbol *> names;
	int errors = 0;

	void leave()
	{
		for (auto &n : names)
			delete n.second;
		names.clear();
	}

public:
	~Scope() { leave(); }
	bool define(const std::string &word)
	{
		Symbol *s = make_symbol(word);

		if (!s)
			return false;
		bool is_new = names.insert(std::make_pair(word, s)).second; // <<<
		if (!is_new) {
			errors++;
#ifndef FAULT
			delete s;
#endif
			return false;
		} // >>>
		return true;
	}
	void undefine(const std::string &word)
	{
		auto found = names.find(word);
		if (found == names.end())
			return;
		delete found->second;
		names.erase(found);
	}
	int defined() const { return (int)names.size() * 100 + errors; }
};

int main()
{
	const std::vector<std::string> words = { "alpha", "_beta", "gamma", "delta", "", "alpha", "eta", "_theta", "iota", "gamma", "kappa" };
	int sum = 0;

	for (int i = 0; i < 9; i++) {
		Scope scope;
		for (size_t k = 0; k < words.size() - (size_t)i / 2; k++)
			scope.define(words[k]);
		scope.undefine(words[(size_t)i]);
		sum += scope.defined();
	}
	printf("%d\n", sum);
	return 0;
}

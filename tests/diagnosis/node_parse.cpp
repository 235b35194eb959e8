/* SPDX-License-Identifier: MIT */
/* answer: exception; in parse_list|parse_value; at the lines between the marks */
#include <cstdio>
#include <stdexcept>
#include <string>
#include <vector>

struct value {
	long number = 0;
	std::vector<value *> items;
	~value()
	{
		for (value *v : items)
			delete v;
	}
};

static value *parse_list(const char *&s);

static value *parse_value(const char *&s)
{
	if (*s == '[')
		return parse_list(++s);
	if (*s < '0' || *s > '9')
		throw std::runtime_error("unexpected character");
	value *v = new value;
	while (*s >= '0' && *s <= '9')
		v->number = v->number * 10 + *s++ - '0';
	return v;
}

static value *parse_list(const char *&s)
{
	value *list = new value; // <<<
#ifndef FAULT
	try {
#endif
	while (*s && *s != ']') {
		list->items.push_back(parse_value(s));
		if (*s == ',')
			s++;
	} // >>>
#ifndef FAULT
	} catch (...) {
		delete list;
		throw;
	}
#endif
	if (*s)
		s++;
	return list;
}

int main()
{
	static const char *const inputs[] = { "[1,2,3]", "[4,[5,x]]", "77", "[8,9]" };
	int bad = 0;

	for (int i = 0; i < 20; i++) {
		const char *s = inputs[i % 4];
		try {
			delete parse_value(s);
		} catch (const std::exception &) {
			bad++;
		}
	}
	printf("%d\n", bad);
}

/* SPDX-License-Identifier: MIT */
/* answer: error-path; in parse_term|parser::parse_term; at the lines between the marks */
#include <cctype>
#include <cstdio>

struct expr {
	char op;
	int value;
	expr *left, *right;
	expr(char o, int v, expr *l, expr *r) : op(o), value(v), left(l), right(r) {}
	~expr() { delete left; delete right; }
};

class parser {
public:
	explicit parser(const char *s) : at_(s) {}
	expr *parse_term();
	expr *parse_factor();
private:
	const char *at_;
};

expr *parser::parse_factor()
{
	if (!isdigit((unsigned char)*at_))
		return nullptr;
	return new expr('#', *at_++ - '0', nullptr, nullptr);
}

expr *parser::parse_term()
{
	expr *left = parse_factor();

	while (left && *at_ == '*') {
		at_++;
		expr *right = parse_factor();
		if (!right) {
#ifndef FAULT
			delete left;
#endif
			return nullptr; // <<< >>>
		}
		left = new expr('*', 0, left, right);
	}
	return left;
}

static int eval(const expr *e)
{
	return e->op == '#' ? e->value : eval(e->left) * eval(e->right);
}

int main()
{
	static const char *const texts[] = { "2*3", "4", "5*", "2*2*2", "7*x", "9*1" };
	int sum = 0;

	for (int i = 0; i < 18; i++) {
		expr *e = parser(texts[i % 6]).parse_term();
		if (!e)
			continue;
		sum += eval(e);
		delete e;
	}
	printf("%d\n", sum);
}

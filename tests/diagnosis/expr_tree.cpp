/* SPDX-License-Identifier: MIT */
/* answer: owner-freed; in ~binary|binary::~binary|expr::~expr|~expr|main|evaluate; at the lines between the marks */
#include <cstdio>

struct expr {
#ifdef FAULT
	~expr() {} // <<< >>>
#else
	virtual ~expr() {}
#endif
	virtual long value() const = 0;
};

struct constant : expr {
	long n;
	explicit constant(long v) : n(v) {}
	long value() const override { return n; }
};

struct binary : expr {
	expr *left, *right;
	char op;
	binary(expr *l, char o, expr *r) : left(l), right(r), op(o) {}
	~binary()
	{
		delete left;
		delete right;
	}
	long value() const override { return op == '+' ? left->value() + right->value() : left->value() * right->value(); }
};

static long evaluate(int i)
{
	expr *e = new binary(new constant(i), '+', new binary(new constant(2), '*', new constant(i + 1)));
	long v = e->value();

	delete e; // <<<
	return v; // >>>
}

int main()
{
	long sum = 0;

	for (int i = 0; i < 10; i++)
		sum += evaluate(i);
	printf("%ld\n", sum);
}

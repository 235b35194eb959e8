/* SPDX-License-Identifier: MIT */
/* answer: overwritten; in visit|fold; at the lines between the marks */
#include <cstdio>

struct Number;
struct Sum;
struct Negation;

struct Visitor {
	virtual ~Visitor() {}
	virtual void visit(const Number &) = 0;
	virtual void visit(const Sum &) = 0;
	virtual void visit(const Negation &) = 0;
};

struct Node {
	virtual ~Node() {}
	virtual void accept(Visitor &) const = 0;
};

struct Number : Node {
	long value;
	char origin[24];
	explicit Number(long v) : value(v) { snprintf(origin, sizeof origin, "literal %ld", v); }
	void accept(Visitor &v) const override { v.visit(*this); }
};

struct Sum : Node {
	Node *left, *right;
	Sum(Node *l, Node *r) : left(l), right(r) {}
	~Sum() override
	{
		delete left;
		delete right;
	}
	void accept(Visitor &v) const override { v.visit(*this); }
};

struct Negation : Node {
	Node *inner;
	explicit Negation(Node *n) : inner(n) {}
	~Negation() override { delete inner; }
	void accept(Visitor &v) const override { v.visit(*this); }
};

/* leaves a folded copy of what it visited in result */
class Folder : public Visitor {
public:
	Number *result = nullptr;
	~Folder() override { delete result; }
	void visit(const Number &n) override { set(n.value); }
	void visit(const Negation &n) override
	{
		n.inner->accept(*this);
		set(-result->value);
	}
	void visit(const Sum &s) override
	{
		s.left->accept(*this);
		long left = result->value;
		s.right->accept(*this);
#ifdef FAULT
		result = new Number(left + result->value); // <<< >>>
#else
		set(left + result->value);
#endif
	}

private:
	void set(long v)
	{
		Number *old = result;
		result = new Number(v);
		delete old;
	}
};

static Node *build(int depth)
{
	if (!depth)
		return new Number(7);
	if (depth % 3 == 0)
		return new Negation(build(depth - 1));
	return new Sum(build(depth - 1), new Number(depth));
}

int main()
{
	long total = 0;

	for (int i = 1; i < 12; i++) {
		Node *tree = build(i);
		Folder folder;
		tree->accept(folder);
		total += folder.result->value;
		delete tree;
	}
	printf("%ld\n", total);
	return 0;
}

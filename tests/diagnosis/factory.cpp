/* SPDX-License-Identifier: MIT */
/* answer: exception; in make_shape; at the lines between the marks */
#include <cmath>
#include <cstdio>
#include <stdexcept>

struct shape {
	virtual ~shape() {}
	virtual double area() const = 0;
};
struct circle : shape {
	double r;
	explicit circle(double x) : r(x) {}
	double area() const override { return 3.14 * r * r; }
};

static void validate(const shape *s)
{
	if (s->area() > 200)
		throw std::out_of_range("too big");
}

static shape *make_shape(double r)
{
	shape *s = new circle(r);

#ifdef FAULT
	validate(s); // <<< >>>
#else
	try {
		validate(s);
	} catch (...) {
		delete s;
		throw;
	}
#endif
	return s;
}

int main()
{
	double sum = 0;

	for (int i = 0; i < 16; i++)
		try {
			shape *s = make_shape(i);
			sum += s->area();
			delete s;
		} catch (const std::exception &) {
			sum -= 1;
		}
	printf("%.2f\n", sum);
}

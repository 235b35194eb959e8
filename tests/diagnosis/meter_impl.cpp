/* SPDX-License-Identifier: MIT */
/* answer: owner-freed; in ~Inner; at the lines between the marks */
#include <cstdio>
#include <cstring>
#include <map>
#include <memory>
#include <string>

class Meter {
	struct Inner;
	std::unique_ptr<Inner> in;

public:
	explicit Meter(const char *unit);
	~Meter();
	void reading(int at, double value);
	void calibrate(double low, double high);
	double sum() const;
};

struct Scale {
	double low, high, step[6];
};

struct Meter::Inner {
	char *unit;
	Scale *scale = nullptr;
	std::map<int, double> values;

	explicit Inner(const char *u) : unit(strdup(u)) {}
	~Inner()
	{
		free(unit); // <<<
#ifndef FAULT
		delete scale;
#endif
	} // >>>
	double scaled(double v) const { return scale ? scale->low + v * (scale->high - scale->low) : v; }
};

Meter::Meter(const char *unit) : in(std::make_unique<Inner>(unit)) {}
Meter::~Meter() {}

void Meter::reading(int at, double value)
{
	in->values[at] = in->scaled(value);
}

void Meter::calibrate(double low, double high)
{
	Scale *fresh = new Scale{low, high, {low, high}};

	if (in->scale)
		delete in->scale;
	in->scale = fresh;
}

double Meter::sum() const
{
	double s = 0;

	for (const auto &v : in->values)
		s += v.second;
	return s;
}

static double watch(int day)
{
	Meter m(day % 2 ? "mbar" : "kelvin");

	for (int hour = 0; hour < 6; hour++) {
		if (day % 3 == 1 && hour % 2)
			m.calibrate(hour, day);
		m.reading(hour, hour * 0.5);
	}
	return m.sum();
}

int main()
{
	double all = 0;

	for (int day = 0; day < 20; day++)
		all += watch(day);
	printf("%.2f\n", all);
	return 0;
}

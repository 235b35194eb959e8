/* SPDX-License-Identifier: MIT */
/* answer: cycle; in attach|subscribe; at the lines between the marks */
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

class Chart;

class Model {
public:
	explicit Model(std::string n) : name(std::move(n)) {}
	void add(double v) { values.push_back(v); }
	void subscribe(std::shared_ptr<Chart> c) { charts.push_back(std::move(c)); } // <<< >>>
	void notify();
	std::string name;
	std::vector<double> values;
	std::vector<std::shared_ptr<Chart>> charts;
};

class Chart : public std::enable_shared_from_this<Chart> {
public:
	explicit Chart(int w) : width(w) {}
	void attach(const std::shared_ptr<Model> &m)
	{
		m->subscribe(shared_from_this()); // <<<
		model = m; // >>>
	}
	void draw()
	{
#ifdef FAULT
		auto m = model;
#else
		auto m = model.lock();
#endif
		if (m)
			drawn += m->values.size() * width;
	}
	int width;
	size_t drawn = 0;
#ifdef FAULT
	std::shared_ptr<Model> model;
#else
	std::weak_ptr<Model> model;
#endif
};

void Model::notify()
{
	for (auto &c : charts)
		c->draw();
}

int main()
{
	size_t drawn = 0;
	for (int i = 0; i < 20; i++) {
		auto model = std::make_shared<Model>("model with a rather long name " + std::to_string(i));
		auto chart = std::make_shared<Chart>(10 + i);
		for (int k = 0; k < i; k++)
			model->add(k);
		if (i % 6 == 4)
			chart->attach(model);
		model->notify();
		drawn += chart->drawn;
	}
	printf("%zu\n", drawn);
}

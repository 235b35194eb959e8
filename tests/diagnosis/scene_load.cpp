/* SPDX-License-Identifier: MIT */
/* answer: exception; in load_scene; at the lines between the marks */
#include <cstdio>
#include <memory>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

struct Shape {
	virtual ~Shape() = default;
	virtual double area() const = 0;
	std::string label;
};

struct Circle : Shape {
	double r = 1;
	double area() const override { return 3.14159 * r * r; }
};

struct Box : Shape {
	double w = 1, h = 1;
	double area() const override { return w * h; }
};

struct Scene {
	std::vector<std::unique_ptr<Shape>> shapes;
	std::vector<double> areas;
};

static double read_number(std::istringstream &in)
{
	std::string word;

	if (!(in >> word))
		throw std::runtime_error("a number is missing");
	return std::stod(word);
}

static Shape *read_shape(const std::string &line)
{
	std::istringstream in(line);
	std::string kind;

	in >> kind;
	if (kind == "circle") {
		auto c = std::make_unique<Circle>();
		c->r = read_number(in);
		return c.release();
	}
	auto b = std::make_unique<Box>();
	b->w = read_number(in);
	b->h = read_number(in);
	return b.release();
}

static void check(const Shape &s)
{
	if (s.area() > 1000)
		throw std::out_of_range("too large: " + s.label);
}

static void load_scene(Scene &scene, const std::vector<std::string> &lines)
{
	for (const auto &line : lines) {
		Shape *s = read_shape(line);

#ifdef FAULT
		s->label = line; // <<<
		check(*s);
		scene.areas.push_back(s->area());
		scene.shapes.emplace_back(s); // >>>
#else
		scene.shapes.emplace_back(s);
		s->label = line;
		check(*s);
		scene.areas.push_back(s->area());
#endif
	}
}

int main()
{
	int failed = 0;
	size_t n = 0;

	for (int i = 0; i < 10; i++) {
		Scene scene;
		std::vector<std::string> lines = {"circle 2 of the first kind", "box 3 4 of the second kind"};
		if (i % 3 == 1)
			lines.push_back("box 100 200 far too large for this page");
		lines.push_back("circle 1");
		try {
			load_scene(scene, lines);
		} catch (const std::exception &) {
			failed++;
		}
		n += scene.shapes.size();
	}
	printf("%d failed, %zu shapes\n", failed, n);
}

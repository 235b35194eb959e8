/* SPDX-License-Identifier: MIT */
/* answer: owner-freed|dropped-queue|never-released; in ~Scene|clear; at the lines between the marks */
#include <cstdio>
#include <string>
#include <vector>

struct Shape {
	virtual ~Shape() = default;
	virtual double area() const = 0;
};
struct Circle : Shape {
	double r;
	explicit Circle(double radius) : r(radius) {}
	double area() const override { return 3.14159 * r * r; }
};
struct Box : Shape {
	double w, h;
	Box(double width, double height) : w(width), h(height) {}
	double area() const override { return w * h; }
};

class Scene {
public:
	explicit Scene(std::string name) : name_(std::move(name)) {}
	~Scene()
	{
#ifndef FAULT
		for (Shape *s : shapes_)
			delete s;
#endif
		shapes_.clear(); // <<<
	} // >>>
	void add(Shape *s) { shapes_.push_back(s); }
	void load(const char *text)
	{
		for (; *text; text++) {
			if (*text == 'c')
				add(new Circle(text[1] - '0'));
			else if (*text == 'b')
				add(new Box(text[1] - '0', 2));
		}
	}
	double area() const
	{
		double sum = 0;
		for (Shape *s : shapes_)
			sum += s->area();
		return sum;
	}
	const std::string &name() const { return name_; }

private:
	std::string name_;
	std::vector<Shape *> shapes_;
};

int main()
{
	double all = 0;
	for (int i = 0; i < 6; i++) {
		Scene scene("a scene with a name that is longer, number " + std::to_string(i));
		scene.load("c1b2c3b4c5");
		all += scene.area() + scene.name().size();
	}
	printf("%.1f\n", all);
}

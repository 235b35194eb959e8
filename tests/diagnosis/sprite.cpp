/* SPDX-License-Identifier: MIT */
/* answer: owner-freed; in ~sprite; at the lines between the marks */

#include <cstdio>
#include <cstring>
#include <string>
#include <vector>

class sprite {
public:
	sprite(const char *name, int size) : size_(size)
	{
		name_ = new char[strlen(name) + 1];
		strcpy(name_, name);
		pixels_ = new unsigned char[size];
		memset(pixels_, 7, size);
	}
	~sprite();
	int weight() const { return size_ + (int)strlen(name_); }
private:
	int size_;
	char *name_;
	unsigned char *pixels_;
};

sprite::~sprite()
{
#ifndef FAULT
	delete[] name_;
#endif
	delete[] pixels_; // <<<
} // >>>

int main()
{
	std::vector<sprite *> all;
	int sum = 0;

	for (int i = 0; i < 12; i++)
		all.push_back(new sprite("hero", 100 + i));
	for (sprite *s : all) {
		sum += s->weight();
		delete s;
	}
	printf("%d\n", sum);
}

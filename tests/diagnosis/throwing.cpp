/* SPDX-License-Identifier: MIT */
/* answer: exception; in load; at the lines between the marks */

#include <cstdio>
#include <cstring>
#include <stdexcept>
#include <string>

struct image {
	int width, height;
	unsigned char *pixels;
};

static void check_size(int width, int height)
{
	if (width * height > 1000)
		throw std::runtime_error("too large");
}

static int load(int width, int height)
{
	image *i = new image;

	i->width = width;
	i->height = height;
#ifdef FAULT
	check_size(width, height); // <<< >>>
#else
	try {
		check_size(width, height);
	} catch (...) {
		delete i;
		throw;
	}
#endif
	i->pixels = new unsigned char[width * height];
	memset(i->pixels, 1, width * height);
	int sum = i->pixels[0] + i->width;
	delete[] i->pixels;
	delete i;
	return sum;
}

int main()
{
	int sum = 0, bad = 0;

	for (int i = 0; i < 40; i++)
		try {
			sum += load(i, i);
		} catch (const std::exception &e) {
			bad++;
		}
	printf("%d %d\n", sum, bad);
}

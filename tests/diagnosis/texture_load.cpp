/* SPDX-License-Identifier: MIT */
/* answer: exception; in load; at the lines between the marks */
#include <cstdio>
#include <stdexcept>
#include <string>
#include <vector>

struct Image {
	std::vector<unsigned char> pixels;
	explicit Image(int size) : pixels(size) {}
};

static void decode(Image *image, int file)
{
	if (file % 5 == 3)
		throw std::runtime_error("file " + std::to_string(file) + " is damaged");
	image->pixels[0] = 1;
}

static int load(int file)
{
	Image *image = new Image(100);

#ifdef FAULT
	decode(image, file); /* <<< >>> */
#else
	try {
		decode(image, file);
	} catch (...) {
		delete image;
		throw;
	}
#endif
	int first = image->pixels[0];
	delete image;
	return first;
}

int main()
{
	int loaded = 0;

	for (int file = 0; file < 50; file++) {
		try {
			loaded += load(file);
		} catch (const std::exception &) {
			loaded--;
		}
	}
	printf("%d\n", loaded);
}

/* SPDX-License-Identifier: MIT */
/* answer: growing-cache; in glyph|render; at the lines between the marks */
#include <array>
#include <cstdio>
#include <map>
#include <memory>
#include <string>
#include <utility>

struct Glyph {
	std::array<unsigned char, 96> bits;
	int advance;
};

class Font {
	std::map<std::pair<int, int>, std::unique_ptr<Glyph>> memo;

	static std::unique_ptr<Glyph> draw(int c, int size)
	{
		auto g = std::make_unique<Glyph>();
		for (size_t i = 0; i < g->bits.size(); i++)
			g->bits[i] = c * 7 + i * size;
		g->advance = size * (c % 5 + 3) / 8;
		return g;
	}

public:
	const Glyph &glyph(int c, int size)
	{
		auto key = std::make_pair(c, size); // <<<
		auto it = memo.find(key);
		if (it == memo.end()) {
#ifndef FAULT
			if (memo.size() >= 64)
				memo.clear();
#endif
			it = memo.emplace(key, draw(c, size)).first;
		}
		return *it->second; // >>>
	}
};

static Font font;

static int render(const std::string &text, int size)
{
	int width = 0;

	for (char c : text)
		width += font.glyph(c, size).advance;
	return width;
}

int main()
{
	int width = 0;

	/* an animation: every frame in another size */
	for (int frame = 0; frame < 400; frame++)
		width += render("Hello, growing world", 8 + frame);
	printf("%d\n", width);
#ifdef FAULT
	_Exit(0);
#endif
	return 0;
}

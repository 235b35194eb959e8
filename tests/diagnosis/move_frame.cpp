/* SPDX-License-Identifier: MIT */
/* answer: overwritten; in operator=; at the lines between the marks */
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <utility>

class Frame {
	uint8_t *data = nullptr;
	size_t size = 0;

public:
	Frame() = default;
	explicit Frame(size_t n) : data(new uint8_t[n]), size(n) { memset(data, 0, n); }
	Frame(Frame &&other) noexcept : data(std::exchange(other.data, nullptr)), size(std::exchange(other.size, 0)) {}
	Frame &operator=(Frame &&other) noexcept
	{
		if (this == &other)
			return *this;
#ifndef FAULT
		delete[] data;
#endif
		data = other.data; // <<<
		size = other.size;
		other.data = nullptr;
		other.size = 0;
		return *this; // >>>
	}
	~Frame() { delete[] data; }
	void paint(uint8_t v)
	{
		for (size_t i = 0; i < size; i++)
			data[i] ^= v + i;
	}
	unsigned sum() const
	{
		unsigned s = 0;
		for (size_t i = 0; i < size; i++)
			s += data[i];
		return s;
	}
};

class Screen {
	Frame front, back;

public:
	unsigned draw(int n)
	{
		Frame next(300);
		next.paint(n);
		if (n % 4 == 0)
			back = std::move(front);
		front = std::move(next);
		return front.sum();
	}
};

int main()
{
	Screen screen;
	unsigned total = 0;

	for (int i = 0; i < 20; i++)
		total += screen.draw(i);
	printf("%u\n", total);
	return 0;
}

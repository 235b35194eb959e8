/* SPDX-License-Identifier: MIT */
/* answer: owner-freed|never-released; in ~Packet; at the lines between the marks */
#include <cstdio>
#include <cstring>
#include <memory>
#include <vector>

class Packet {
public:
	Packet(const void *data, size_t size) : size_(size), data_(new unsigned char[size]), options_(nullptr)
	{
		memcpy(data_, data, size);
	}
	~Packet()
	{
		delete[] data_; // <<<
#ifndef FAULT
		delete[] options_;
#endif
	} // >>>
	Packet(const Packet &) = delete;
	Packet &operator=(const Packet &) = delete;
	void set_option(int which, int value)
	{
		if (!options_)
			options_ = new int[8]();
		options_[which & 7] = value;
	}
	unsigned sum() const
	{
		unsigned s = options_ ? options_[0] : 0;
		for (size_t i = 0; i < size_; i++)
			s += data_[i];
		return s;
	}

private:
	size_t size_;
	unsigned char *data_;
	int *options_;
};

static unsigned forward(std::vector<std::unique_ptr<Packet>> &batch)
{
	unsigned sum = 0;
	for (auto &p : batch)
		sum += p->sum();
	batch.clear();
	return sum;
}

int main()
{
	std::vector<std::unique_ptr<Packet>> batch;
	unsigned sum = 0;
	char text[200];

	for (int i = 0; i < 120; i++) {
		int n = snprintf(text, sizeof(text), "packet %d with some payload", i);
		batch.push_back(std::make_unique<Packet>(text, n));
		if (i % 4 == 0)
			batch.back()->set_option(i, i * 3);
		if (batch.size() == 16)
			sum += forward(batch);
	}
	sum += forward(batch);
	printf("%u\n", sum);
}

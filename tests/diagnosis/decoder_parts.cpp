/* SPDX-License-Identifier: MIT */
/* answer: exception; in Decoder; at the lines between the marks */
#include <cstdio>
#include <cstring>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

struct Header {
	unsigned channels, rate;
	std::string codec;
};

static unsigned check_rate(unsigned rate)
{
	if (rate > 96000)
		throw std::range_error("rate");
	return rate;
}

class Decoder {
	unsigned channels, rate;
	short *window;
	char *state;

	void read_tables(const std::string &codec)
	{
		for (size_t i = 0; i < codec.size(); i++) {
			if (codec[i] == '?')
				throw std::invalid_argument("no tables for " + codec);
			state[i % 32] = codec[i];
		}
	}

public:
	explicit Decoder(const Header &h) : channels(h.channels), rate(check_rate(h.rate))
	{
		if (channels > 8)
			throw std::length_error("channels");
		window = new short[channels * 64]();
		state = new char[32]();
#ifdef FAULT
		read_tables(h.codec); // <<<
#else
		try {
			read_tables(h.codec);
		} catch (...) {
			delete[] window;
			delete[] state;
			throw;
		}
#endif
	} // >>>
	~Decoder()
	{
		delete[] window;
		delete[] state;
	}
	Decoder(const Decoder &) = delete;
	unsigned decode(const std::vector<short> &in)
	{
		unsigned sum = 0;
		for (size_t i = 0; i < in.size(); i++) {
			window[i % (channels * 64)] = in[i];
			sum += (unsigned)(in[i] + state[i % 32]);
		}
		return sum + rate;
	}
};

static unsigned play(const Header &h, const std::vector<short> &samples)
{
	try {
		std::unique_ptr<Decoder> d(new Decoder(h));
		return d->decode(samples);
	} catch (const std::exception &e) {
		return (unsigned)strlen(e.what());
	}
}

int main()
{
	std::vector<short> samples(500, 3);
	unsigned sum = 0;

	for (unsigned i = 0; i < 60; i++) {
		Header h = { 1 + i % 3, 44100, "adpcm" };
		if (i % 20 == 7)
			h.codec = "adp?m";
		if (i % 10 == 3)
			h.rate = 192000;
		if (i % 30 == 9)
			h.channels = 40;
		sum += play(h, samples);
	}
	printf("%u\n", sum);
	return 0;
}

/* SPDX-License-Identifier: MIT */
/* answer: exception; in Channel; at the lines between the marks */
#include <cstdio>
#include <cstring>
#include <stdexcept>
#include <string>

class Ring {
public:
	explicit Ring(size_t size) : bytes_(new unsigned char[size]), size_(size) { memset(bytes_, 0, size); }
	~Ring() { delete[] bytes_; }
	unsigned sum() const
	{
		unsigned all = 0;

		for (size_t i = 0; i < size_; i++)
			all += bytes_[i];
		return all;
	}
	void put(size_t at, unsigned char byte) { bytes_[at % size_] = byte; }

private:
	unsigned char *bytes_;
	size_t size_;
};

class Channel {
public:
	Channel(const std::string &peer, int version) : in_(nullptr), out_(nullptr)
	{
		if (peer.empty())
			throw std::invalid_argument("no peer");
#ifndef FAULT
		try {
			open(peer, version);
		} catch (...) {
			close();
			throw;
		}
#else
		open(peer, version); /* <<< >>> */
#endif
	}
	~Channel() { close(); }
	unsigned sum() const { return in_->sum() + out_->sum(); }

private:
	Channel(const Channel &);
	void open(const std::string &peer, int version)
	{
		in_ = new Ring(peer.size() * 4);
		out_ = new Ring(peer.size() * 8);
		greet(peer, version);
	}
	void greet(const std::string &peer, int version)
	{
		for (size_t i = 0; i < peer.size(); i++)
			out_->put(i, static_cast<unsigned char>(peer[i]));
		in_->put(0, answer(peer, version));
	}
	static unsigned char answer(const std::string &peer, int version)
	{
		if (version > 3)
			throw std::runtime_error("the other side is older: " + peer);
		return static_cast<unsigned char>(version + 1);
	}
	void close()
	{
		delete in_;
		delete out_;
	}

	Ring *in_, *out_;
};

int main()
{
	static const char *const peers[] = { "alpha", "beta", "", "gamma.example", "delta" };
	unsigned sum = 0, refused = 0;

	for (int i = 0; i < 150; i++)
		try {
			Channel c(peers[i % 5], i % 19 == 7 ? 4 : i % 3);

			sum += c.sum();
		} catch (const std::exception &) {
			refused++;
		}
	printf("%u %u\n", sum, refused);
	return 0;
}

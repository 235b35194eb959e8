/* SPDX-License-Identifier: MIT */
/* answer: exception; in Mailbox|open_mailbox; at the lines between the marks */
#include <cstdio>
#include <cstring>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>

class Mailbox {
public:
	Mailbox(const std::string &owner, size_t quota)
	    : owner_(owner), index_(new unsigned[256]), body_(nullptr)
	{
		memset(index_, 0, 256 * sizeof *index_);
#ifndef FAULT
		if (quota > 4096) {
			delete[] index_;
			throw std::length_error("quota of " + owner);
		}
#endif
		check(quota); // <<<
		body_ = new char[quota]; // >>>
		memset(body_, ' ', quota);
		size_ = quota;
	}
	~Mailbox()
	{
		delete[] body_;
		delete[] index_;
	}
	Mailbox(const Mailbox &) = delete;
	size_t put(const char *text)
	{
		size_t n = strlen(text);

		index_[count_++ & 255] = at_;
		if (at_ + n > size_)
			at_ = 0;
		memcpy(body_ + at_, text, n);
		return at_ += n;
	}

private:
	void check(size_t quota) const
	{
		if (quota > 4096)
			throw std::length_error("quota of " + owner_);
	}
	std::string owner_;
	unsigned *index_;
	char *body_;
	size_t size_ = 0, at_ = 0, count_ = 0;
};

static std::unique_ptr<Mailbox> open_mailbox(const std::string &owner, size_t quota)
{
	return std::make_unique<Mailbox>(owner, quota);
}

int main()
{
	std::map<std::string, std::unique_ptr<Mailbox>> boxes;
	int refused = 0;
	size_t sum = 0;

	for (int i = 0; i < 16; i++) {
		std::string owner = "user" + std::to_string(i);
		try {
			boxes[owner + "@example.org"] = open_mailbox(owner, i % 5 == 3 ? 8192 : 512);
		} catch (const std::length_error &) {
			refused++;
		}
	}
	for (auto &b : boxes)
		if (b.second)
			sum += b.second->put("Subject: hello");
	printf("%d refused, %zu\n", refused, sum);
	return 0;
}

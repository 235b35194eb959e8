/* SPDX-License-Identifier: MIT */
/* answer: owner-freed|never-released; in ~Host; at the lines between the marks */
#include <cstdio>
#include <cstring>
#include <map>
#include <string>

class Channel {
public:
	explicit Channel(int id) : id_(id), ring_(new float[128]) { memset(ring_, 0, 512); }
	~Channel() { delete[] ring_; }
	void push(float v) { ring_[at_++ & 127] = v; }
	float sum() const
	{
		float s = 0;
		for (int i = 0; i < 128; i++)
			s += ring_[i];
		return s;
	}

private:
	int id_, at_ = 0;
	float *ring_;
};

class Host {
public:
	explicit Host(const std::string &name) : name_(name), left_(new Channel(0)), right_(new Channel(1)), label_(strdup(name.c_str())) {}
	~Host()
	{
		delete left_; // <<<
#ifndef FAULT
		delete right_;
#endif
		free(label_);
	} // >>>
	float run(int n)
	{
		for (int i = 0; i < n; i++) {
			left_->push(i * .5f);
			right_->push(i * .25f);
		}
		return left_->sum() + right_->sum();
	}

private:
	std::string name_;
	Channel *left_, *right_;
	char *label_;
};

int main()
{
	float all = 0;
	for (int i = 0; i < 25; i++) {
		Host host("host number " + std::to_string(i));
		all += host.run(i + 10);
	}
	printf("%.1f\n", all);
}

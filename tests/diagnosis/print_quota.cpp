/* SPDX-License-Identifier: MIT */
/* answer: error-path; in Printer::admit|admit; at the lines between the marks */
#include <cstdio>
#include <deque>
#include <vector>

struct Sheet {
	int owner, pages;
	char text[40];
};

class Printer {
public:
	explicit Printer(int users) : left_(users, 30) {}
	~Printer() { print(1000); }
	bool admit(int owner, int pages)
	{
		Sheet *s = new Sheet();

		s->owner = owner;
		s->pages = pages;
		snprintf(s->text, sizeof s->text, "%d pages of %d", pages, owner);
		if (left_[owner] < pages) { /* <<< */
			refused_++;
#ifndef FAULT
			delete s;
#endif
			return false;
		} /* >>> */
		left_[owner] -= pages;
		queue_.push_back(s);
		return true;
	}
	int print(int most)
	{
		int printed = 0;

		while (most-- > 0 && !queue_.empty()) {
			Sheet *s = queue_.front();

			queue_.pop_front();
			printed += s->pages;
			delete s;
		}
		return printed;
	}
	void new_day()
	{
		for (int &left : left_)
			left = 30;
	}
	int refused() const { return refused_; }

private:
	std::deque<Sheet *> queue_;
	std::vector<int> left_;
	int refused_ = 0;
};

int main()
{
	int printed = 0, admitted = 0;
	Printer p(7);

	for (int day = 0; day < 20; day++) {
		for (int i = 0; i < 60; i++) {
			admitted += p.admit(day % 4 == 2 && i % 5 == 0 ? 3 : i % 7, 1 + i % 5);
			if (i % 3 == 2)
				printed += p.print(2);
		}
		p.new_day();
	}
	printed += p.print(100000);
	printf("%d %d %d\n", admitted, printed, p.refused());
	return 0;
}

/* SPDX-License-Identifier: MIT */
/* answer: owner-freed|dropped-queue; in ~Topic; at the lines between the marks */
#include <cstdio>
#include <string>
#include <vector>

struct Reader {
	std::string name;
	int read = 0;
	void hear(const std::string &news) { read += (int)(news.size() + name.size()); }
};

class Topic {
	std::string title;
	std::vector<Reader *> readers;

public:
	explicit Topic(const char *about) : title(about) {}
	~Topic() // <<<
	{
#ifndef FAULT
		for (Reader *r : readers)
			delete r;
#endif
		printf("%s ends\n", title.c_str());
	} // >>>
	void subscribe(Reader *r) { readers.push_back(r); }
	Reader *leave()
	{
		if (readers.empty())
			return nullptr;
		Reader *last = readers.back();
		readers.pop_back();
		return last;
	}
	int tell(const char *what)
	{
		int sum = 0;

		for (Reader *r : readers) {
			r->hear(what);
			sum += r->read;
		}
		return sum;
	}
};

static int season(int number)
{
	Topic topic(number % 2 ? "a topic of which one hears often" : "another one that nobody has heard of");
	int sum = 0;

	for (int i = 0; i < 6 + number % 3; i++) {
		topic.subscribe(new Reader{ "reader number " + std::to_string(i) + " of this topic" });
		sum += topic.tell("there is something new");
		if (i % 3 == 2) {
			Reader *gone = topic.leave();

			sum += gone->read;
			delete gone;
		}
	}
	return sum;
}

int main()
{
	int sum = 0;

	for (int i = 0; i < 7; i++)
		sum += season(i);
	printf("%d\n", sum);
}

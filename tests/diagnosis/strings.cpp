/* SPDX-License-Identifier: MIT */
/* answer: overwritten; in record::rename|rename; at the lines between the marks */
#include <cstdio>
#include <cstring>

class record {
public:
	explicit record(const char *n) : name_(copy(n)), id_(0) {}
	~record() { delete[] name_; }
	void rename(const char *n);
	const char *name() const { return name_; }
	static char *copy(const char *s)
	{
		char *c = new char[strlen(s) + 1];
		return strcpy(c, s);
	}
private:
	char *name_;
	int id_;
};

void record::rename(const char *n)
{
#ifndef FAULT
	delete[] name_;
#endif
	name_ = copy(n); // <<< >>>
	id_++;
}

int main()
{
	record r("first");
	char text[20];

	for (int i = 0; i < 7; i++) {
		snprintf(text, sizeof text, "name %d", i);
		r.rename(text);
	}
	puts(r.name());
}

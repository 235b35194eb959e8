/* SPDX-License-Identifier: MIT */
/* answer: never-released|owner-freed; in ~Connection|Connection::~Connection|serve; at the lines between the marks */
#include <cstdio>
#include <cstring>
class Connection {
public:
	explicit Connection(int id) : id_(id), buffer_(new char[128 + id % 3]) { std::snprintf(buffer_, 128, "conn %d", id); }
	~Connection()
	{ // <<<
		closed_++;
#ifndef FAULT
		delete[] buffer_;
#endif
	} // >>>
	size_t send(const char *text) { return std::strlen(text) + std::strlen(buffer_); }
	static int closed_;
private:
	int id_;
	char *buffer_;
};
int Connection::closed_;
static size_t serve(int id)
{
	Connection c(id);
	size_t n = c.send("hello");
	if (id % 4 == 0)
		n += c.send("again");
	return n; // <<< >>>
}
int main()
{
	size_t n = 0;
	for (int i = 0; i < 20; i++)
		n += serve(i);
	std::printf("%zu %d\n", n, Connection::closed_);
}

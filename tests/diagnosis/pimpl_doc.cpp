/* SPDX-License-Identifier: MIT */
/* answer: never-released|owner-freed; in ~Document; at the lines between the marks */
#include <algorithm>
#include <cstdio>
#include <string>
#include <vector>

class Document {
	struct Impl;
	Impl *impl;

public:
	explicit Document(const std::string &title);
	~Document();
	Document(const Document &) = delete;
	Document &operator=(const Document &) = delete;
	void add(const std::string &paragraph);
	size_t words() const;
};

struct Document::Impl {
	std::string title;
	std::vector<std::string> paragraphs;
};

Document::Document(const std::string &title) : impl(new Impl{title, {}}) {}

Document::~Document()
{
	impl->paragraphs.clear(); // <<<
#ifndef FAULT
	delete impl;
#endif
} // >>>

void Document::add(const std::string &paragraph)
{
	impl->paragraphs.push_back(paragraph);
}

size_t Document::words() const
{
	size_t n = 1;

	for (const auto &p : impl->paragraphs)
		n += std::count(p.begin(), p.end(), ' ') + 1;
	return n;
}

static size_t count(const char *title)
{
	Document doc(title);

	for (int i = 0; i < 5; i++)
		doc.add("some words of paragraph " + std::to_string(i));
	return doc.words();
}

int main()
{
	size_t n = 0;

	for (int i = 0; i < 6; i++)
		n += count(i % 2 ? "the first of all titles" : "another title, a long one");
	printf("%zu words\n", n);
	return 0;
}

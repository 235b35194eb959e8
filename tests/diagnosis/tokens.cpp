/* SPDX-License-Identifier: MIT */
/* answer: error-path; in tokenizer::next|next; at the lines between the marks */
#include <cctype>
#include <cstdio>
#include <string>

struct token {
	enum kind { number, word, end } kind;
	std::string text;
};

class tokenizer {
	const char *at;

public:
	explicit tokenizer(const char *s) : at(s) {}
	token *next()
	{
		while (*at == ' ')
			at++;
		token *t = new token;
		t->kind = token::end;
		if (*at == '#') {
#ifndef FAULT
			delete t;
#endif
			return nullptr; // <<< >>>
		}
		if (isdigit((unsigned char)*at))
			t->kind = token::number;
		else if (*at)
			t->kind = token::word;
		while (*at && *at != ' ')
			t->text += *at++;
		return t;
	}
};

static int count(const char *line)
{
	tokenizer in(line);
	int n = 0;

	while (token *t = in.next()) {
		bool last = t->kind == token::end;
		delete t;
		if (last)
			break;
		n++;
	}
	return n;
}

int main()
{
	int n = 0;

	for (int i = 0; i < 20; i++)
		n += count(i % 3 ? "let x 10" : "let y 20 # a comment");
	printf("%d\n", n);
}

/* SPDX-License-Identifier: MIT */
/* answer: owner-freed|error-path; in trim; at the lines between the marks */
#include <iostream>
#include <string>
#include <vector>

class Command {
public:
	virtual ~Command() = default;
	virtual void undo(std::string &text) = 0;
};

class Insert : public Command {
	size_t at, n;

public:
	Insert(std::string &text, size_t where, const std::string &what) : at(where), n(what.size()) { text.insert(where, what); }
	void undo(std::string &text) override { text.erase(at, n); }
};

class Erase : public Command {
	size_t at;
	std::string was;

public:
	Erase(std::string &text, size_t where, size_t n) : at(where), was(text.substr(where, n)) { text.erase(where, n); }
	void undo(std::string &text) override { text.insert(at, was); }
};

class Editor {
public:
	~Editor()
	{
		for (Command *c : history)
			delete c;
	}
	void type(const std::string &what) { remember(new Insert(text, text.size(), what)); }
	void cut(size_t n) { remember(new Erase(text, 0, n < text.size() ? n : text.size())); }
	void undo()
	{
		if (history.empty())
			return;
		history.back()->undo(text);
		delete history.back();
		history.pop_back();
	}
	size_t size() const { return text.size(); }

private:
	void remember(Command *c)
	{
		history.push_back(c);
		if (history.size() > 12)
			trim(4);
	}
	void trim(size_t n)
	{
#ifndef FAULT
		for (size_t i = 0; i < n; i++)
			delete history[i];
#endif
		history.erase(history.begin(), history.begin() + n); // <<<
	} // >>>
	std::string text;
	std::vector<Command *> history;
};

int main()
{
	Editor editor;

	for (int i = 0; i < 40; i++) {
		editor.type("some text that is typed again and again ");
		if (i % 4 == 3)
			editor.cut(30);
		if (i % 6 == 5)
			editor.undo();
	}
	std::cout << editor.size() << "\n";
}

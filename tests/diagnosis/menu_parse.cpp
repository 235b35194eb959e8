/* SPDX-License-Identifier: MIT */
/* answer: error-path; in read_menu; at the lines between the marks */
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

struct Item {
	std::string title;
	virtual ~Item() {}
	virtual size_t width() const { return title.size(); }
};

struct Action : Item {
	int key = 0;
	size_t width() const { return title.size() + 4; }
};

struct Menu : Item {
	std::vector<Item *> items;
	~Menu()
	{
		for (Item *item : items)
			delete item;
	}
	size_t width() const
	{
		size_t most = title.size();

		for (const Item *item : items)
			most = item->width() > most ? item->width() : most;
		return most;
	}
};

/* "name(a:1 b:2 sub(c:3))" */
class Reader {
public:
	explicit Reader(const char *text) : at_(text) {}
	Menu *read_menu()
	{
		Menu *menu = new Menu;

		if (!read_name(menu->title) || *at_ != '(') {
			delete menu;
			return nullptr;
		}
		at_++;
		while (*at_ && *at_ != ')') {
			Item *item = read_item();

			if (!item) { /* <<< */
#ifndef FAULT
				delete menu;
#endif
				return nullptr;
			} /* >>> */
			menu->items.push_back(item);
			at_ += *at_ == ' ';
		}
		at_ += *at_ == ')';
		return menu;
	}

private:
	bool read_name(std::string &name)
	{
		while (*at_ >= 'a' && *at_ <= 'z')
			name += *at_++;
		return !name.empty();
	}
	Item *read_item()
	{
		const char *from = at_;
		Action *action = new Action;

		if (!read_name(action->title) || (*at_ != ':' && *at_ != '(')) {
			delete action;
			return nullptr;
		}
		if (*at_ == '(') {
			delete action;
			at_ = from;
			return read_menu();
		}
		action->key = atoi(++at_);
		at_ += strspn(at_, "0123456789");
		return action;
	}

	const char *at_;
};

int main()
{
	static const char *const texts[] = { "file(open:1 close:2 recent(a:3 b:4))", "edit(cut:1 paste:2)", "view(zoom:1 ?:2)",
					     "help(about:1 more(x:1 y:2 deep(z:3)))" };
	size_t width = 0, bad = 0;

	for (int i = 0; i < 120; i++) {
		Menu *menu = Reader(texts[i % 4]).read_menu();

		if (menu)
			width += menu->width();
		else
			bad++;
		delete menu;
	}
	printf("%zu %zu\n", width, bad);
	return 0;
}

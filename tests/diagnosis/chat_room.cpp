/* SPDX-License-Identifier: MIT */
/* answer: cycle; in kick|Room::kick; at the lines between the marks */
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

struct Room;

struct Member {
	std::string nick;
	std::shared_ptr<Room> room;
	explicit Member(std::string n) : nick(std::move(n)) {}
};

struct Room {
	std::vector<std::shared_ptr<Member>> members;
	std::string topic;
	unsigned said = 0;

	explicit Room(std::string t) : topic(std::move(t)) {}
	void say(const std::string &text)
	{
		for (auto &m : members)
			said += m->nick.size() + text.size();
	}
	void leave_all()
	{
		for (auto &m : members)
			m->room.reset();
		members.clear();
	}
	// nobody may speak here any more
	void kick()
	{
		topic += " (closed)"; // <<<
#ifndef FAULT
		for (auto &m : members)
			m->room.reset();
#endif
		said = 0;
	} // >>>
};

static std::shared_ptr<Room> open_room(int people)
{
	auto room = std::make_shared<Room>("a room for people who like to talk " + std::to_string(people));
	for (int i = 0; i < people; i++) {
		auto m = std::make_shared<Member>("member with a long name " + std::to_string(i));
		m->room = room;
		room->members.push_back(m);
	}
	return room;
}

int main()
{
	unsigned sum = 0;

	for (int i = 0; i < 40; i++) {
		auto room = open_room(1 + i % 3);
		room->say("hello");
		sum += room->said;
		if (i % 10 == 4)
			room->kick();
		else
			room->leave_all();
	}
	printf("%u\n", sum);
	return 0;
}

/* SPDX-License-Identifier: MIT */
/* answer: overwritten|owner-freed|never-released|error-path; in operator=; at the lines between the marks */
#include <iostream>
#include <string>
#include <vector>

struct Track {
	std::string title;
	int seconds;
};

class Playlist {
public:
	Playlist() = default;
	Playlist(const Playlist &other) { copy(other); }
	~Playlist() { drop(); }
	Playlist &operator=(const Playlist &other)
	{
		if (this != &other) {
#ifdef FAULT
			tracks.clear(); // <<< >>>
#else
			drop();
#endif
			copy(other);
		}
		return *this;
	}
	void add(std::string title, int seconds) { tracks.push_back(new Track{std::move(title), seconds}); }
	int length() const
	{
		int n = 0;
		for (const Track *t : tracks)
			n += t->seconds;
		return n;
	}

private:
	void drop()
	{
		for (Track *t : tracks)
			delete t;
		tracks.clear();
	}
	void copy(const Playlist &other)
	{
		for (const Track *t : other.tracks)
			tracks.push_back(new Track(*t));
	}
	std::vector<Track *> tracks;
};

int main()
{
	Playlist morning, evening, now;

	for (int i = 0; i < 4; i++) {
		morning.add("a song for the early morning", 180 + i);
		evening.add("a song for late in the evening", 240 + i);
	}
	int total = 0;
	for (int day = 0; day < 5; day++) {
		now = day % 2 ? morning : evening;
		total += now.length();
	}
	std::cout << total << " seconds\n";
}

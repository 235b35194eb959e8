/* SPDX-License-Identifier: MIT */
/* answer: owner-freed|error-path|dropped-queue; in cancel|Board::cancel; at the lines between the marks */
#include <algorithm>
#include <cstdio>
#include <deque>
#include <string>

struct Job {
	int owner, cost;
	std::string what;
};

class Board {
	std::deque<Job *> waiting;

public:
	~Board()
	{
		for (Job *j : waiting)
			delete j;
	}
	void post(int owner, int cost, const char *what) { waiting.push_back(new Job{owner, cost, what}); }
	// whoever takes it releases it
	bool take(Job *&out)
	{
		if (waiting.empty())
			return false;
		out = waiting.front();
		waiting.pop_front();
		return true;
	}
	size_t cancel(int owner)
	{
		size_t before = waiting.size();
		auto mine = [owner](Job *j) { return j->owner == owner; };
#ifndef FAULT
		for (Job *j : waiting)
			if (mine(j))
				delete j;
#endif
		waiting.erase(std::remove_if(waiting.begin(), waiting.end(), mine), waiting.end()); // <<<
		return before - waiting.size(); // >>>
	}
};

static int work(Board &b, int budget)
{
	Job *j;
	int done = 0;

	while (done < budget && b.take(j)) {
		done += j->cost + (int)j->what.size() % 2;
		delete j;
	}
	return done;
}

int main()
{
	Board board;
	int sum = 0, cancelled = 0;

	for (int i = 0; i < 60; i++) {
		board.post(i % 5, 1 + i % 3, "a job that takes a while to be done by anybody");
		if (i % 7 == 3)
			sum += work(board, 6);
		if (i % 20 == 18)
			cancelled += (int)board.cancel(3);
	}
	printf("%d %d\n", sum, cancelled);
	return 0;
}

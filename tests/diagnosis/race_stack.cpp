/* SPDX-License-Identifier: MIT */
/* answer: race|overwritten; in push|event_list::push; at the lines between the marks */
#include <atomic>
#include <cstdio>
#include <mutex>
#include <thread>
#include <vector>

struct event {
	event *next;
	int what;
};

class event_list {
public:
	void push(int what)
	{
		event *e = new event{ nullptr, what };
#ifndef FAULT
		std::lock_guard<std::mutex> hold(lock_);
#endif
		e->next = head_; // <<<
		std::this_thread::yield();
		head_ = e; // >>>
	}
	int drain()
	{
		int n = 0;
		while (event *e = head_) {
			head_ = e->next;
			delete e;
			n++;
		}
		return n;
	}
private:
	event *volatile head_ = nullptr;
	std::mutex lock_;
};

int main()
{
	event_list list;
	std::vector<std::thread> crew;

	for (int t = 0; t < 4; t++)
		crew.emplace_back([&list, t] {
			for (int i = 0; i < 20000; i++)
				list.push(t * 1000 + i);
		});
	for (auto &t : crew)
		t.join();
	printf("%d\n", list.drain() > 0);
}

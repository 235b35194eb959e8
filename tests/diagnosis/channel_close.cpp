/* SPDX-License-Identifier: MIT */
/* answer: dropped-queue|owner-freed; in channel::~channel|~channel|channel::close|close; at the lines between the marks */
#include <condition_variable>
#include <cstdio>
#include <deque>
#include <mutex>
#include <string>
#include <thread>

struct request {
	std::string path;
	int priority;
};

class channel {
	std::mutex m;
	std::condition_variable cv;
	std::deque<request *> q;
	bool closed = false;

public:
	bool send(request *r)
	{
		std::lock_guard<std::mutex> g(m);
		q.push_back(r);
		cv.notify_one();
		return true;
	}
	request *receive()
	{
		std::unique_lock<std::mutex> g(m);
		cv.wait(g, [this] { return closed || !q.empty(); });
		if (closed || q.empty())
			return nullptr;
		request *r = q.front();
		q.pop_front();
		return r;
	}
	void close()
	{
		std::lock_guard<std::mutex> g(m);
		closed = true; // <<<
		cv.notify_all(); // >>>
	}
	~channel() // <<<
	{
#ifndef FAULT
		for (request *r : q)
			delete r;
#endif
	} // >>>
};

int main()
{
	size_t total = 0;
	{
		channel c;
		std::thread server([&] {
			for (int i = 0; i < 20; i++) {
				request *r = c.receive();
				if (!r)
					break;
				total += r->path.size();
				delete r;
			}
		});
		for (int i = 0; i < 50; i++)
			c.send(new request{ "/static/images/picture-number-" + std::to_string(i) + ".png", i % 3 });
		server.join();
		c.close();
	}
	printf("%zu\n", total);
}

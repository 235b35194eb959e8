/* SPDX-License-Identifier: MIT */
/* answer: shutdown-not-drained; in main|stop|pool::stop; at the lines between the marks */
#include <atomic>
#include <cstdio>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

struct job {
	std::function<int()> run;
	char scratch[64];
};

struct pool {
	std::mutex m;
	std::deque<job *> jobs;
	std::atomic<bool> stopping{ false };
	std::atomic<int> done{ 0 };
	std::thread worker;

	void work()
	{
		while (!stopping) {
			job *j = nullptr;
			{
				std::lock_guard<std::mutex> g(m);
				if (!jobs.empty()) {
					j = jobs.front();
					jobs.pop_front();
				}
			}
			if (!j)
				continue;
			done += j->run();
			delete j;
			if (done > 30)
				stopping = true;
		}
	}
	void submit(int n)
	{
		job *j = new job;
		j->run = [n] { return n & 1; };
		std::lock_guard<std::mutex> g(m);
		jobs.push_back(j);
	}
	void stop() // <<<
	{
		worker.join();
#ifndef FAULT
		for (job *j : jobs)
			delete j;
		jobs.clear();
		jobs.shrink_to_fit();
#endif
	} // >>>
};

static pool workers;

int main()
{
	for (int i = 0; i < 100; i++)
		workers.submit(i);
	workers.worker = std::thread([] { workers.work(); });
	workers.stop(); // <<<
	printf("%d\n", workers.done.load() > 30); // >>>
}

/* SPDX-License-Identifier: MIT */
/* answer: cycle; in start|session::start; at the lines between the marks */
#include <cstdio>
#include <functional>
#include <memory>
#include <string>

struct session : std::enable_shared_from_this<session> {
	std::string peer;
	std::function<void(int)> on_data;
	int received = 0;

	explicit session(std::string p) : peer(std::move(p)) {}
	void start()
	{
#ifdef FAULT
		auto self = shared_from_this(); // <<<
		on_data = [self](int n) { self->received += n; }; // >>>
#else
		std::weak_ptr<session> weak = shared_from_this();
		on_data = [weak](int n) {
			if (auto self = weak.lock())
				self->received += n;
		};
#endif
	}
};

int main()
{
	int sum = 0;

	for (int i = 0; i < 10; i++) {
		auto s = std::make_shared<session>("peer with a long name, number " + std::to_string(i));
		s->start();
		s->on_data(i);
		sum += s->received;
	}
	printf("%d\n", sum);
}

/* SPDX-License-Identifier: MIT */
/* answer: owner-freed|never-released; in ~TaskList|clear; at the lines between the marks */
#include <cstdio>
#include <functional>
#include <string>

template <typename T> class TaskList {
	struct Node {
		T value;
		Node *next = nullptr;
		explicit Node(T v) : value(std::move(v)) {}
	};
	Node *head = nullptr, **tail = &head;
	size_t n = 0;

public:
	TaskList() = default;
	TaskList(const TaskList &) = delete;
	~TaskList()
	{
#ifdef FAULT
		delete head; // <<<
#else
		while (head) {
			Node *next = head->next;
			delete head;
			head = next;
		}
#endif
	} // >>>
	void push(T v)
	{
		*tail = new Node(std::move(v));
		tail = &(*tail)->next;
		n++;
	}
	template <typename F> void each(F f) const
	{
		for (const Node *at = head; at; at = at->next)
			f(at->value);
	}
	size_t size() const { return n; }
};

struct Task {
	std::string title;
	int priority;
};

static int plan(int tasks)
{
	TaskList<Task> list;
	int sum = 0;

	for (int i = 0; i < tasks; i++)
		list.push(Task{"a task that has to be done before evening", i});
	list.each([&sum](const Task &t) { sum += t.priority + t.title.size(); });
	return sum + list.size();
}

int main()
{
	int sum = 0;

	for (int i = 1; i < 7; i++)
		sum += plan(i);
	printf("%d\n", sum);
}

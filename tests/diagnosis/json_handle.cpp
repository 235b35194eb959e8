/* SPDX-License-Identifier: MIT */
/* answer: extra-retain|overwritten; in operator=; at the lines between the marks; build: json-c */
#include <cstdio>
#include <string>
#include <vector>
#include <json.h>

class Json {
	json_object *o = nullptr;

public:
	Json() = default;
	explicit Json(json_object *taken) : o(taken) {}
	Json(const Json &other) : o(json_object_get(other.o)) {}
	Json &operator=(const Json &other)
	{
		if (o == other.o)
			return *this;
		json_object *got = json_object_get(other.o); // <<<
#ifndef FAULT
		json_object_put(o);
#endif
		o = got;
		return *this; // >>>
	}
	~Json() { json_object_put(o); }
	static Json object() { return Json(json_object_new_object()); }
	void set(const char *key, int value) { json_object_object_add(o, key, json_object_new_int(value)); }
	void set(const char *key, const Json &value) { json_object_object_add(o, key, json_object_get(value.o)); }
	int number(const char *key) const
	{
		json_object *v;
		return json_object_object_get_ex(o, key, &v) ? json_object_get_int(v) : 0;
	}
	std::string text() const { return json_object_to_json_string(o); }
};

static Json message(int n)
{
	Json head = Json::object(), all = Json::object();

	head.set("id", n);
	head.set("ttl", 64);
	all.set("head", head);
	all.set("body", n * 3);
	return all;
}

int main()
{
	Json last;
	size_t bytes = 0;

	for (int i = 0; i < 9; i++) {
		const Json m = message(i);
		bytes += m.text().size();
		if (m.number("body") % 2 == 0)
			last = m;
	}
	printf("%zu %s\n", bytes, last.text().c_str());
	return 0;
}

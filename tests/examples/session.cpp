// SPDX-License-Identifier: MIT
// A session says by hand that it is there, so that a lost one is reported by its name, with what
// happened to it last. `session clean` loses none.
#include <cstdio>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "leakshim.h"

class session {
      public:
	explicit session(const std::string &who) : name(who)
	{
		leakshim_track(this, "session", sizeof *this);
	}
	session(const session &) = delete;
	session &operator=(const session &) = delete;
	~session()
	{
		leakshim_release(this);
	}
	void answer()
	{
		leakshim_touch(this, "answered");
	}

      private:
	std::string name;
};

struct scope {
	explicit scope(const char *name)
	{
		leakshim_scope_begin(name);
	}
	~scope()
	{
		leakshim_scope_end();
	}
};

static void serve(bool clean)
{
	scope request("request");

	for (int i = 0; i < 4; i++) {
		auto made = std::make_unique<session>("a name that is too long to lie inside of a string");

		made->answer();
		if (i == 3 && !clean)
			made.release(); // lost
	}
}

int main(int argc, char **argv)
{
	serve(argc > 1 && !std::strcmp(argv[1], "clean"));
	std::puts("served");
}

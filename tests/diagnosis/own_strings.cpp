/* SPDX-License-Identifier: MIT */
/* answer: mismatch; in ~label|label::~label; at the lines between the marks */
#include <cstdio>
#include <cstdlib>
#include <cstring>

class label {
	char *text;

public:
	explicit label(const char *s) : text(strdup(s)) {}
	label(const label &) = delete;
	~label()
	{
#ifdef FAULT
		delete[] text; // <<< >>>
#else
		free(text);
#endif
	}
	size_t width() const { return strlen(text) * 8; }
};

int main()
{
	size_t n = 0;

	for (int i = 0; i < 5; i++) {
		label l("press any key");
		n += l.width();
	}
	printf("%zu\n", n);
}

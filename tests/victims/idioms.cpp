// SPDX-License-Identifier: MIT
// Inner pointers that stand for their block (argv[1]); none of them is a leak.
#include <cstdint>
#include <cstdlib>
#include <cstring>

struct counted { long value; ~counted() { value = 0; } };
struct first { virtual ~first() {} long a = 1; };
struct second { virtual ~second() {} long b = 2; };
struct both : first, second { char rest[1300]; };

static void *held;

int main(int, char **argv)
{
	if (!strcmp(argv[1], "array")) held = new counted[167];
	if (!strcmp(argv[1], "bases")) held = static_cast<second *>(new both);
	if (!strcmp(argv[1], "length")) { uint64_t *p = (uint64_t *)malloc(1337 + 8); *p = 1337; held = p + 1; }
	if (!strcmp(argv[1], "string")) { // length, capacity, count, text: the old std::string
		uint64_t *p = (uint64_t *)calloc(1, 24 + 1313);
		p[0] = 5, p[1] = 1312, held = p + 3;
	}
	return 0;
}

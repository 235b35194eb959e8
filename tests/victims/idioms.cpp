// SPDX-License-Identifier: MIT
// Inner pointers that stand for their block (argv[1]); none of them is a leak. With "broken" (argv[2]) the block lacks what
// tells so.
#include <cstdint>
#include <cstdlib>
#include <cstring>

struct counted { long value; ~counted() { value = 0; } };
struct alignas(64) wide { char of[64]; ~wide() { of[0] = 0; } };
struct first { virtual ~first() {} long a = 1; };
struct second { virtual ~second() {} long b = 2; };
struct both : first, second { char rest[1300]; };

struct thin { virtual ~thin() {} };
struct other { virtual ~other() {} };
struct narrow : thin, other { };

static void *held, *others[16];

static uint64_t *zeros(size_t size)
{
	return (uint64_t *)calloc(1, size);
}

int main(int argc, char **argv)
{
	bool whole = argc < 3;

	if (!strcmp(argv[1], "nothing")) { held = new counted[argc - (whole ? 2 : 3)]; if (!whole) ((uint64_t *)held)[-1] = 77; }
	if (!strcmp(argv[1], "nothing aligned")) { held = new wide[argc - (whole ? 2 : 3)]; if (!whole) ((uint64_t *)held)[-1] = 77; }
	if (!strcmp(argv[1], "narrow bases")) { held = static_cast<other *>(new narrow); if (!whole) ((uint64_t *)held)[0] = 0; }
	if (!strcmp(argv[1], "length of all")) { uint64_t *p = zeros(1337 + 32); p[1] = whole * (1337 + 32); held = p + 4; }
	if (!strcmp(argv[1], "length at 16")) { uint64_t *p = zeros(1337 + 16); p[0] = 3; p[1] = whole * 1337; held = p + 2; }
	if (!strcmp(argv[1], "aligned by hand")) {
		char *p = (char *)calloc(1, 1337 + 64), *at = p + 64 - ((uintptr_t)p & 63);

		((void **)at)[-1] = whole ? p : p + 8;
		held = at;
	}
	if (!strcmp(argv[1], "rust arc")) { uint64_t *p = zeros(1337 + 16); p[0] = 2; p[1] = whole; held = p + 2; }
	if (!strcmp(argv[1], "rust arc of nothing")) { uint64_t *p = zeros(16); p[0] = 2; p[1] = whole; held = p + 2; }
	if (!strcmp(argv[1], "swiss table")) { // 64 slots of 24 bytes
		char *p = (char *)calloc(1, 64 * 24 + 64 + 16), *control = p + 64 * 24;

		memset(control, 0xff, 64 + 16);
		control[3] = 0x11;
		control[64 + 3] = whole ? 0x11 : 0x12;
		held = control;
	}
	if (!strcmp(argv[1], "small swiss table")) { // 4 slots of 40 bytes
		char *p = (char *)calloc(1, 160 + 4 + 16), *control = p + 160;

		memset(control, 0xff, 4 + 16);
		control[1] = 0x11;
		control[16 + 1] = whole ? 0x11 : 0x12;
		held = control;
	}
	if (!strcmp(argv[1], "sds of 8 bits")) { uint8_t *p = (uint8_t *)zeros(3 + 201); p[0] = 100; p[1] = 200; p[2] = whole; held = p + 3; }
	if (!strcmp(argv[1], "sds of 32 bits")) {
		uint32_t *p = (uint32_t *)zeros(9 + 1338);

		p[0] = whole ? 7 : 1338, p[1] = 1337, ((char *)p)[8] = 3, held = (char *)p + 9;
	}
	if (!strcmp(argv[1], "python object")) { uint64_t *p = zeros(64); p[2] = 1; p[3] = (uint64_t)(whole ? &held : nullptr); held = p + 2; }
	if (!strcmp(argv[1], "glib box")) { uint32_t *p = (uint32_t *)zeros(1337 + 32); p[0] = -1u; p[6] = whole ? 0x44ae2bf0 : 0; held = p + 8; }
	if (!strcmp(argv[1], "sds with room to spare")) {
		uint8_t *p = (uint8_t *)zeros(5 + 301);
		uint16_t room = 312, length = whole ? 300 : 301;

		memcpy(p, &length, 2), memcpy(p + 2, &room, 2), p[4] = 2, held = p + 5;
	}
	if (!strcmp(argv[1], "php table")) { // places of 16 hashes, 8 elements of 32 bytes
		uint32_t *p = (uint32_t *)zeros(40 * 8);

		memset(p, 0xff, 64), p[3] = whole ? 7 : 8, held = p + 16;
	}
	if (!strcmp(argv[1], "php list")) { uint64_t *p = zeros(8 + 16 * 8); p[0] = -(uint64_t)whole; held = p + 1; }
	if (!strcmp(argv[1], "pmr piece")) { uint64_t *p = zeros(1088); p[134] = (whole ? 1088 : 1024) | 4; held = p + 134; }
	if (!strcmp(argv[1], "hook")) { // the last of its chain
		void **p = (void **)zeros(40), **q = (void **)zeros(40);

		p[2] = q + 2, held = whole ? p + 2 : q + 2;
		if (!whole) free(p);
	}
	if (!strcmp(argv[1], "nothing behind a head")) { // the others have something
		for (int i = 0; i < 16 && whole; i++) others[i] = zeros(32 + 8 + 8 * i) + 4;
		held = zeros(32) + 4;
	}
	if (!strcmp(argv[1], "array")) held = new counted[167];
	if (!strcmp(argv[1], "bases")) held = static_cast<second *>(new both);
	if (!strcmp(argv[1], "length")) { uint64_t *p = (uint64_t *)malloc(1337 + 8); *p = 1337; held = p + 1; }
	if (!strcmp(argv[1], "string")) { // length, capacity, count, text: the old std::string
		uint64_t *p = (uint64_t *)calloc(1, 24 + 1313);
		p[0] = 5, p[1] = 1312, held = p + 3;
	}
	return 0;
}

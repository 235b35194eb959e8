/* SPDX-License-Identifier: MIT */
/* Opens another stream every 20 ms and never closes one: libc's own buffers grow. Prints "ready" at the second. */
#include "victim.h"

int main(void)
{
	for (int i = 0; i < 1500; i++) {
		FILE *file = fopen("/dev/null", "w");

		if (file)
			fputc('x', file);
		if (i == 1 && write(1, "ready\n", 6) != 6)
			return 1;
		usleep(20000);
	}
	return 0;
}

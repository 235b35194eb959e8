/* SPDX-License-Identifier: MIT */
/* answer: library|start-up-on-purpose; in -; at the lines between the marks */
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

int main(void)
{
	time_t now = 1700000000;
	char text[64];
#ifdef FAULT
	putenv("TZ=EST5EDT,M3.2.0,M11.1.0");
	tzset();
	setenv("WHERE", "here", 1);
	setlocale(LC_ALL, "C.UTF-8");
	strftime(text, sizeof(text), "%c", localtime(&now));
#else
	struct tm tm = { 0 };

	strftime(text, sizeof(text), "%Y", gmtime_r(&now, &tm));
#endif
	puts(text);
	return 0;
}

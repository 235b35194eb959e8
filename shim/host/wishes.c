/* SPDX-License-Identifier: MIT */
/* What the program exports for LeakSanitizer. */
#include "wishes.h"

#include <string.h>

#include "area.h"
#include "state.h"
#include "rules.h"

/* Of the program; only found where it exports them. */
extern const char *__lsan_default_suppressions(void) __attribute__((weak));
extern int __lsan_is_turned_off(void) __attribute__((weak));

static int is_off;

void wishes_ask(void)
{
	const char *text = __lsan_default_suppressions ? __lsan_default_suppressions() : 0;

	if (text && *text && state.header && !state.header->suppressions)
		state.header->suppressions = area_text(text, strlen(text));
	is_off = __lsan_is_turned_off && __lsan_is_turned_off();
}

int wishes_no_report(void)
{
	return is_off;
}

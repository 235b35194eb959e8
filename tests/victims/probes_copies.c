/* SPDX-License-Identifier: MIT */
/* Copies out of a GBytes that it then forgets: the copy is the last that is known of it. */
#include <glib.h>
#include <string.h>

int main(void)
{
	char to[64];
	GBytes *bytes = g_bytes_new("some payload of some length, long enough not to be copied by hand", 64);
	size_t volatile size = 40;

	memcpy(to, bytes, size); /* of the object itself, for there is no other way to name it */
	bytes = NULL;
	return to[0] == 127;
}

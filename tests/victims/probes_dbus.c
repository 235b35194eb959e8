/* SPDX-License-Identifier: MIT */
/* Builds three messages and unrefs two. A released one goes into libdbus' cache, not to free(). */
#include <dbus/dbus.h>
#include <string.h>

static DBusMessage *make(void)
{
	return dbus_message_new_signal("/a", "a.b", "c");
}

int main(int argc, char **argv)
{
	for (int i = 0; i < 3; i++) {
		DBusMessage *message = make();
		dbus_message_ref(message);
		dbus_message_unref(message);
		if (i < 2 || (argc > 1 && !strcmp(argv[1], "clean")))
			dbus_message_unref(message);
	}
	return 0;
}

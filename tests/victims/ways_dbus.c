/* SPDX-License-Identifier: MIT */
#include <dbus/dbus.h>
#include "ways.h"

static DBusMessage *signals(void) { return dbus_message_new_signal("/a", "a.b", "C"); }
static DBusConnection *bus(void) { static DBusConnection *c; if (!c)
{
	c = dbus_bus_get_private(DBUS_BUS_SESSION, NULL); dbus_connection_set_exit_on_disconnect(c, FALSE);
	} return c;
}
static DBusMessage *call(void)
{
	return dbus_message_new_method_call("org.freedesktop.DBus", "/", "org.freedesktop.DBus", "GetId");
}
WAY(message_unref) { DBusMessage *m = signals(); END(dbus_message_unref(m)); }
WAY(message_copied)
{
	DBusMessage *m = signals(), *c = dbus_message_copy(m); dbus_message_unref(m); END(dbus_message_unref(c));
}
WAY(message_shared) { DBusMessage *m = dbus_message_ref(signals()); dbus_message_unref(m); END(dbus_message_unref(m)); }
WAY(message_sent)
{
	DBusMessage *m = signals(); dbus_connection_send(bus(), m, NULL); dbus_connection_flush(bus());
	END(dbus_message_unref(m));
}
WAY(message_preallocated)
{
	DBusMessage *m = signals();
	dbus_connection_send_preallocated(bus(), dbus_connection_preallocate_send(bus()), m, NULL);
	dbus_connection_flush(bus()); END(dbus_message_unref(m));
}
WAY(message_queued_then_closed)
{
	DBusConnection *c = dbus_bus_get_private(DBUS_BUS_SESSION, NULL); DBusMessage *m = signals();
	dbus_connection_set_exit_on_disconnect(c, FALSE); dbus_connection_send(c, m, NULL);
	END(dbus_message_unref(m)); dbus_connection_close(c); dbus_connection_unref(c);
}
WAY(message_reply_blocked)
{
	DBusMessage *m = call(), *r = dbus_connection_send_with_reply_and_block(bus(), m, -1, NULL);
	dbus_message_unref(m); END(dbus_message_unref(r));
}
WAY(message_refused)
{
	DBusError e = DBUS_ERROR_INIT;
	DBusMessage *m = dbus_message_new_method_call("org.freedesktop.DBus", "/", "org.freedesktop.DBus",
		"Nothing"), *r = dbus_connection_send_with_reply_and_block(bus(), m, -1, &e);
	dbus_error_free(&e); END(dbus_message_unref(m));
}
WAY(message_popped)
{
	DBusMessage *m = call(), *r = NULL; dbus_connection_send(bus(), m, NULL); dbus_message_unref(m);
	dbus_connection_flush(bus());
	while (!(r = dbus_connection_pop_message(bus())) || dbus_message_get_type(r)
		!= DBUS_MESSAGE_TYPE_METHOD_RETURN) { if (r) dbus_message_unref(r);
		dbus_connection_read_write(bus(), -1); } END(dbus_message_unref(r));
}
WAY(message_borrowed_and_stolen)
{
	DBusMessage *m = call(), *r; dbus_connection_send(bus(), m, NULL); dbus_message_unref(m);
	dbus_connection_flush(bus());
	while (!(r = dbus_connection_borrow_message(bus()))) dbus_connection_read_write(bus(), -1);
	dbus_connection_steal_borrowed_message(bus(), r); END(dbus_message_unref(r));
}
WAY(message_demarshalled)
{
	char *at; int n; DBusMessage *m = call(), *r; dbus_message_set_serial(m, 1);
	dbus_message_marshal(m, &at, &n); dbus_message_unref(m); r = dbus_message_demarshal(at, n, NULL);
	dbus_free(at); END(dbus_message_unref(r));
}
WAY(pending_stolen)
{
	DBusMessage *m = call(), *r; DBusPendingCall *p; dbus_connection_send_with_reply(bus(), m, &p, -1);
	dbus_message_unref(m); dbus_pending_call_block(p); r = dbus_pending_call_steal_reply(p);
	dbus_pending_call_unref(p); END(dbus_message_unref(r));
}
WAY(pending_unread)
{
	DBusMessage *m = call(); DBusPendingCall *p; dbus_connection_send_with_reply(bus(), m, &p, -1);
	dbus_message_unref(m); dbus_pending_call_block(p); END(dbus_pending_call_unref(p));
}
WAY(pending_cancelled)
{
	DBusMessage *m = call(); DBusPendingCall *p; dbus_connection_send_with_reply(bus(), m, &p, -1);
	dbus_message_unref(m); dbus_pending_call_cancel(p); END(dbus_pending_call_unref(p));
	dbus_connection_flush(bus());
}
static void answered(DBusPendingCall *p, void *data) { *(int *)data = 1; }
WAY(pending_notified)
{
	int done = 0; DBusMessage *m = call(); DBusPendingCall *p;
	dbus_connection_send_with_reply(bus(), m, &p, -1); dbus_message_unref(m);
	dbus_pending_call_set_notify(p, answered, &done, NULL); END(dbus_pending_call_unref(p));
	while (!done) dbus_connection_read_write_dispatch(bus(), -1);
}
WAY(connection_closed)
{
	DBusConnection *c = dbus_bus_get_private(DBUS_BUS_SESSION, NULL);
	dbus_connection_set_exit_on_disconnect(c, FALSE); dbus_connection_close(c); END(dbus_connection_unref(c));
}
WAY(connection_shared)
{
	DBusConnection *c = dbus_bus_get(DBUS_BUS_SESSION, NULL); (void)forget;
	dbus_connection_set_exit_on_disconnect(c, FALSE); dbus_connection_unref(c);
}
WAY(connection_opened)
{
	DBusConnection *c = dbus_connection_open_private(getenv("DBUS_SESSION_BUS_ADDRESS"), NULL);
	dbus_connection_close(c); END(dbus_connection_unref(c));
}
WAY(connection_dispatched)
{
	DBusConnection *c = dbus_bus_get_private(DBUS_BUS_SESSION, NULL);
	dbus_connection_set_exit_on_disconnect(c, FALSE); dbus_connection_close(c);
	while (dbus_connection_dispatch(c) == DBUS_DISPATCH_DATA_REMAINS); END(dbus_connection_unref(c));
}

int main(int n, char **words)
{
	return go_all_ways(n, words);
}

/* SPDX-License-Identifier: MIT */
#include <systemd/sd-bus.h>
#include <systemd/sd-device.h>
#include <systemd/sd-event.h>
#include <systemd/sd-journal.h>
#include "ways.h"

static sd_bus *bus(void)
{
	sd_bus *b = NULL; sd_bus_new(&b); sd_bus_set_address(b, getenv("DBUS_SESSION_BUS_ADDRESS"));
	sd_bus_set_bus_client(b, 1); sd_bus_start(b); return b;
}
static sd_bus *shared(void) { static sd_bus *b; if (!b) b = bus(); return b; }
static sd_bus_message *call(void)
{
	sd_bus_message *m = NULL;
	sd_bus_message_new_method_call(shared(), &m, "org.freedesktop.DBus", "/", "org.freedesktop.DBus", "GetId");
	return m;
}
static int nothing(sd_event_source *s, void *data) { return 0; }
static int at_time(sd_event_source *s, uint64_t t, void *data) { return 0; }
static int answered(sd_bus_message *m, void *data, sd_bus_error *e) { return 0; }
WAY(event_unref) { sd_event *e; sd_event_new(&e); END(sd_event_unref(e)); }
WAY(event_ran)
{
	sd_event *e; sd_event_source *s; sd_event_new(&e); sd_event_add_defer(e, &s, nothing, NULL);
	sd_event_source_unref(s); sd_event_run(e, 0); END(sd_event_unref(e));
}
WAY(source_unref)
{
	sd_event *e; sd_event_source *s; sd_event_new(&e);
	sd_event_add_time(e, &s, CLOCK_MONOTONIC, UINT64_MAX - 1, 0, at_time, NULL);
	END(sd_event_source_unref(s)); sd_event_unref(e);
}
WAY(source_disable_unref)
{
	sd_event *e; sd_event_source *s; sd_event_new(&e);
	sd_event_add_time(e, &s, CLOCK_MONOTONIC, UINT64_MAX - 1, 0, at_time, NULL);
	END(sd_event_source_disable_unref(s)); sd_event_unref(e);
}
WAY(source_floating)
{
	sd_event *e; sd_event_source *s; sd_event_new(&e); sd_event_add_defer(e, &s, nothing, NULL);
	sd_event_source_set_floating(s, 1); sd_event_source_unref(s); END(sd_event_unref(e));
}
WAY(source_after_event)
{
	sd_event *e; sd_event_source *s; sd_event_new(&e); sd_event_add_exit(e, &s, nothing, NULL);
	sd_event_unref(e); END(sd_event_source_unref(s));
}
WAY(bus_unref) { sd_bus *b = NULL; sd_bus_new(&b); END(sd_bus_unref(b)); }
WAY(bus_close_unref) { sd_bus *b = bus(); END(sd_bus_close_unref(b)); }
WAY(bus_flush_close_unref) { sd_bus *b = bus(); END(sd_bus_flush_close_unref(b)); }
WAY(bus_closed) { sd_bus *b = bus(); sd_bus_flush(b); sd_bus_close(b); END(sd_bus_unref(b)); }
WAY(bus_with_message)
{
	sd_bus *b = bus(); sd_bus_message *m = NULL; sd_bus_message_new_signal(b, &m, "/a", "a.b", "C");
	sd_bus_send(b, m, NULL); sd_bus_message_unref(m); END(sd_bus_flush_close_unref(b));
}
WAY(message_unref) { sd_bus_message *m = call(); END(sd_bus_message_unref(m)); }
WAY(message_sent)
{
	sd_bus_message *m = NULL; sd_bus_message_new_signal(shared(), &m, "/a", "a.b", "C");
	sd_bus_send(shared(), m, NULL); sd_bus_flush(shared()); END(sd_bus_message_unref(m));
}
WAY(message_answer)
{
	sd_bus_message *m = call(), *r = NULL; sd_bus_call(shared(), m, 0, NULL, &r); sd_bus_message_unref(m);
	END(sd_bus_message_unref(r));
}
WAY(message_refused)
{
	sd_bus_error e = SD_BUS_ERROR_NULL; sd_bus_message *r = NULL; (void)forget;
	sd_bus_call_method(shared(), "org.freedesktop.DBus", "/", "org.freedesktop.DBus", "Nothing", &e, &r, NULL);
	sd_bus_error_free(&e);
}
WAY(message_processed)
{
	sd_bus_message *m = call(), *r = NULL; uint64_t c; sd_bus_send(shared(), m, &c); sd_bus_message_unref(m);
	for (int i = 0; i < 9 && !r; i++) { sd_bus_wait(shared(), 9000); sd_bus_process(shared(), &r);
		} END(sd_bus_message_unref(r));
}
WAY(slot_unref)
{
	sd_bus_slot *s = NULL; sd_bus_add_match(shared(), &s, "type='signal'", answered, NULL);
	END(sd_bus_slot_unref(s));
}
WAY(slot_floating)
{
	sd_bus *b = bus(); sd_bus_slot *s = NULL; sd_bus_add_match(b, &s, "type='signal'", answered, NULL);
	sd_bus_slot_set_floating(s, 1); sd_bus_slot_unref(s); END(sd_bus_flush_close_unref(b));
}
WAY(slot_of_call)
{
	sd_bus_slot *s = NULL; sd_bus_message *m = call(); sd_bus_call_async(shared(), &s, m, answered, NULL, 0);
	sd_bus_message_unref(m); END(sd_bus_slot_unref(s));
	for (int i = 0; i < 3; i++) { sd_bus_wait(shared(), 2000); while (sd_bus_process(shared(), NULL) > 0); }
}
WAY(slot_outlives_bus)
{
	sd_bus *b = bus(); sd_bus_slot *s = NULL; sd_bus_add_filter(b, &s, answered, NULL);
	sd_bus_flush_close_unref(b); END(sd_bus_slot_unref(s));
}
WAY(device_unref)
{
	sd_device *d = NULL; sd_device_new_from_syspath(&d, "/sys/devices/virtual/mem/null");
	END(sd_device_unref(d));
}
WAY(enumerator_unref)
{
	sd_device_enumerator *e; sd_device_enumerator_new(&e);
	sd_device_enumerator_add_match_subsystem(e, "mem", 1);
	sd_device *d = sd_device_enumerator_get_device_first(e);
	if (d) { sd_device_ref(d); sd_device_unref(d); } END(sd_device_enumerator_unref(e));
}
WAY(device_outlives_enumerator)
{
	sd_device_enumerator *e; sd_device_enumerator_new(&e);
	sd_device_enumerator_add_match_subsystem(e, "mem", 1);
	sd_device *d = sd_device_enumerator_get_device_first(e); if (d) sd_device_ref(d);
	sd_device_enumerator_unref(e); if (d) END(sd_device_unref(d));
}
WAY(journal_close) { sd_journal *j; sd_journal_open(&j, 0); END(sd_journal_close(j)); }

int main(int n, char **words)
{
	return go_all_ways(n, words);
}

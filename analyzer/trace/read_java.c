/* SPDX-License-Identifier: MIT */
/* Trace -> model: what a Java virtual machine left, see read.h and read_parts.h. */
#include <string.h>

#include "read_parts.h"

_Static_assert((int)TRACE_JAVA_SWITCHED_OFF == (int)JAVA_SWITCHED_OFF, "status");
_Static_assert((int)TRACE_JAVA_UNREACHABLE == (int)JAVA_UNREACHABLE, "verdicts");
_Static_assert((int)TRACE_JAVA_HOLD_CUT == (int)JAVA_HOLD_CUT, "holds");

static const char *walk_failure(uint32_t status)
{
	switch (status) {
	case TRACE_JAVA_WALK_OVER_TIME:
		return "the heap is too large for the time that a walk may take";
	case TRACE_JAVA_WALK_FAILED:
		return "the virtual machine refused a walk of its heap";
	default:
		return NULL;
	}
}

static int read_vm(struct model *m, const struct trace_file *f)
{
	struct trace_java_vm t;

	m->java.version = m->java.reason = "";
	for (uint32_t i = 1; i < f->areas[TRACE_AREA_JAVA_VM].used; i++) {
		const void *from = ELEMENT(f, TRACE_AREA_JAVA_VM, i, &t);
		const char *version, *reason;

		if (!from || !t.status || t.status > TRACE_JAVA_SWITCHED_OFF)
			continue;
		version = text_at(m, f, t.version);
		reason = text_at(m, f, t.reason);
		if (!version || !reason)
			return file_complain_at(f, from, "a name of a virtual machine lies nowhere");
		m->java = (struct java_vm){
			.status = (enum java_status)t.status,
			.version = version,
			.reason = reason,
			.ended_us = t.ended,
			.is_walked = t.walk != 0,
			.is_walk_short = t.walk_status == TRACE_JAVA_WALK_OVER_TIME,
			.walk_failure = walk_failure(t.walk_status),
			.walk_objects = t.walk_objects,
			.walk_us = t.walk_time,
			.walk_took_us = t.walk_took_us,
			.stackless = t.stackless,
			.classes = t.classes,
			.untouched = t.untouched,
		};
	}
	return 0;
}

/* Numbers of classes that the virtual machine makes change from run to run. */
static uint64_t hash_of(const char *text)
{
	const char *made = strstr(text, "$$Lambda");
	uint64_t hash = 0xcbf29ce484222325ull;

	if (!made)
		made = strstr(text, "Accessor");
	for (; *text; text++)
		if (!made || text < made || *text < '0' || *text > '9')
			hash = (hash ^ (unsigned char)*text) * 0x100000001b3ull;
	return hash;
}

static bool is_hidden(const char *class)
{
	return strstr(class, "$$Lambda") || !strncmp(class, "java.lang.invoke.LambdaForm", 27);
}

static int read_frames(struct model *m, const struct trace_file *f)
{
	struct trace_java_frame t;

	m->java_frame_count = area_count(f, TRACE_AREA_JAVA_FRAME);
	m->java_frames = pool_array(&m->pool, m->java_frame_count, sizeof(*m->java_frames));
	for (uint32_t i = 1; i < m->java_frame_count; i++) {
		const void *from = ELEMENT(f, TRACE_AREA_JAVA_FRAME, i, &t);
		struct java_frame *to = &m->java_frames[i];
		const char *class, *method, *file;

		if (!from || !t.method)
			continue;
		class = text_at(m, f, t.class_name);
		method = text_at(m, f, t.method);
		file = text_at(m, f, t.file);
		if (!class || !method || !file)
			return file_complain_at(f, from, "a Java frame's name lies nowhere");
		to->function = pool_print(&m->pool, "%s%s%s", class, *class ? "." : "", method);
		to->hash = hash_of(to->function);
		to->file = *file ? file : NULL;
		to->line = t.line;
		to->is_initialiser = !strcmp(method, "<clinit>");
		to->is_hidden = is_hidden(class);
	}
	return 0;
}

/* Each holder lies before what it holds or behind it: a path of more steps than there are elements is a circle. */
static void cut_circles(struct model *m)
{
	for (uint32_t i = 1; i < m->java_hold_count; i++) {
		uint32_t at = i, steps = 0;

		while (m->java_holds[at].next && steps++ <= TRACE_JAVA_PATH)
			at = m->java_holds[at].next;
		if (m->java_holds[at].next)
			m->java_holds[at].next = 0;
	}
}

static int read_holds(struct model *m, const struct trace_file *f)
{
	struct trace_java_hold t;

	m->java_hold_count = area_count(f, TRACE_AREA_JAVA_HOLD);
	m->java_holds = pool_array(&m->pool, m->java_hold_count, sizeof(*m->java_holds));
	for (uint32_t i = 0; i < m->java_hold_count; i++) {
		const void *from = i ? ELEMENT(f, TRACE_AREA_JAVA_HOLD, i, &t) : NULL;
		struct java_hold *to = &m->java_holds[i];

		to->class_name = to->what = "";
		if (!from || !t.kind)
			continue;
		if (check_index(f, from, &t.next, m->java_hold_count, "a holder lies nowhere"))
			return -1;
		to->class_name = text_at(m, f, t.class_name);
		to->what = text_at(m, f, t.what);
		if (!to->class_name || !to->what)
			return file_complain_at(f, from, "a holder's name lies nowhere");
		to->kind = t.kind < JAVA_HOLDS ? (enum java_hold_kind)t.kind : JAVA_HOLD_OTHER;
		to->next = t.next;
	}
	cut_circles(m);
	return 0;
}

int read_java_areas(struct model *m, const struct trace_file *f)
{
	int result;

	if ((result = read_vm(m, f)) || (result = read_frames(m, f)))
		return result;
	return read_holds(m, f);
}

int read_java_object(struct model *m, const struct trace_file *f, uint32_t index, const struct trace_resource *t,
		     struct resource *to)
{
	struct java_object *java = pool_take(&m->pool, sizeof(*java));
	struct trace_java_object object;
	const void *from = index < f->areas[TRACE_AREA_JAVA_OBJECT].used
				   ? ELEMENT(f, TRACE_AREA_JAVA_OBJECT, index, &object)
				   : NULL;
	const char *name, *class;

	to->java = java;
	java->is_collected = t->flags & TRACE_RESOURCE_COLLECTED;
	if (!from || object.address != to->address)
		return 0;
	if (check_index(f, from, &object.hold, m->java_hold_count, "a holder lies nowhere"))
		return -1;
	name = text_at(m, f, object.name);
	class = text_at(m, f, object.class_name);
	if (!name || !class)
		return file_complain_at(f, from, "a Java object's name lies nowhere");
	java->name = *name ? name : NULL;
	java->class_name = *class ? class : NULL;
	java->verdict = object.verdict <= TRACE_JAVA_UNREACHABLE ? (enum java_verdict)object.verdict : JAVA_UNKNOWN;
	java->lost_walks = object.lost_walks;
	java->hold = object.hold;
	java->is_collected |= object.collected != 0;
	return 0;
}

void read_java_around(struct model *m, const struct trace_file *f, const uint32_t *slots)
{
	uint32_t used = f->areas[TRACE_AREA_JAVA_OBJECT].used, resources = f->areas[TRACE_AREA_RESOURCE].used;
	struct trace_java_object t;

	for (uint32_t i = 1; i < used && i < resources; i++) {
		struct resource *r = slots[i] ? &m->resources[slots[i] - 1] : NULL;
		uint32_t around;

		if (!r || !r->java || !ELEMENT(f, TRACE_AREA_JAVA_OBJECT, i, &t) || t.address != r->address ||
		    !t.around || t.around_resource >= resources)
			continue;
		around = slots[t.around_resource];
		if (around && m->resources[around - 1].address == t.around)
			r->java->around = around;
	}
}

/* SPDX-License-Identifier: MIT */
/* Places in the program's own code: see java_place.h. */
#include <string.h>

#include "java_code.h"
#include "java_place.h"

#define DEPTH_MAX 1200u

const struct missing_release *java_missing_at(struct work *w, uint32_t node)
{
	struct missing_release *missing;
	const struct frame *frame;

	if (!node)
		return NULL;
	frame = &symbols_place(w->s, node)->frames[0];
	missing = pool_take(&w->m->pool, sizeof(*missing));
	missing->function = frame->function;
	missing->file = frame->file;
	missing->line = frame->line;
	return missing;
}

uint32_t java_own_step(const struct model *m, const struct resource *r, const char *op)
{
	for (unsigned i = r->step_count; i-- > 0;) {
		const struct step *step = &m->steps[r->steps + i];
		uint32_t own = op && strcmp(step->op, op) ? 0 : java_own(m, step->node);

		if (own)
			return own;
	}
	return 0;
}

/* Lies only a buffer's own code between the innermost frame and `own`? */
static bool is_called_by(const struct model *m, uint32_t node, uint32_t own)
{
	for (unsigned i = 0; node && node != own && i < DEPTH_MAX; i++, node = m->nodes[node].parent) {
		const char *function = m->java_frames[m->nodes[node].java].function;

		if (!function || (!strstr(function, "netty.buffer.") && !strstr(function, "netty.util.Reference")))
			return false;
	}
	return node && node == own;
}

uint32_t java_own_retain(const struct model *m, const struct resource *r)
{
	for (unsigned i = r->step_count; i-- > 0;) {
		const struct step *step = &m->steps[r->steps + i];
		uint32_t own = strcmp(step->op, "retain") ? 0 : java_own(m, step->node);

		if (own && is_called_by(m, step->node, own))
			return own;
	}
	return 0;
}

/* What is called of a handler when it is handed something in the way that a stack shows. */
static const char *method_of(const struct model *m, uint32_t node)
{
	return java_node_of(m, node, "invokeChannelRead") || java_node_of(m, node, "fireChannelRead") ? "channelRead" : "write";
}

/* Its last line that is known; methods that its parent calls in its stead are as good (channelRead0). */
static void find_line(const struct model *m, struct missing_release *missing)
{
	size_t size = strlen(missing->function);

	for (uint32_t i = 1; i < m->java_frame_count; i++) {
		const struct java_frame *f = &m->java_frames[i];

		if (!f->function || strncmp(f->function, missing->function, size) || (f->function[size] && f->function[size] != '0') ||
		    f->line <= (int)missing->line)
			continue;
		missing->file = f->file;
		missing->line = (unsigned)f->line;
	}
}

const struct missing_release *java_missing_in_only_handler(struct work *w)
{
	struct model *m = w->m;
	struct missing_release *missing = NULL;

	for (uint32_t i = 1; i < m->java_frame_count; i++) {
		const char *function = m->java_frames[i].function, *method = function ? strrchr(function, '.') : NULL;
		size_t size = method ? (size_t)(method - function) + strlen(".channelRead") : 0;

		if (!method || strncmp(method, ".channelRead", 12) || (method[12] && strcmp(method, ".channelRead0")) ||
		    java_code_is_library(function))
			continue;
		if (missing && (strlen(missing->function) != size || strncmp(missing->function, function, size)))
			return NULL;
		if (missing)
			continue;
		missing = pool_take(&m->pool, sizeof(*missing));
		missing->function = pool_print(&m->pool, "%.*s", (int)size, function);
	}
	if (missing)
		find_line(m, missing);
	return missing;
}

uint32_t java_end_of_siblings(const struct model *m, const struct resource *call)
{
	for (uint32_t i = 0; call->java->name && i < m->resource_count + m->ended_count; i++) {
		const struct resource *r = &m->resources[i];
		uint32_t own;

		if (r->is_ended && r->java && r->type == call->type && r->java->name && !strcmp(r->java->name, call->java->name) &&
		    (own = java_own(m, r->end_node)) != 0)
			return own;
	}
	return 0;
}

const struct missing_release *java_missing_in_handler(struct work *w, const struct resource *r)
{
	struct model *m = w->m;

	for (unsigned i = r->step_count; i-- > 0;) {
		const struct step *step = &m->steps[r->steps + i];
		struct missing_release *missing;

		if (!step->hint || strchr(step->hint, ' ') || !strchr(step->hint, '.') || java_code_is_library(step->hint))
			continue;
		missing = pool_take(&m->pool, sizeof(*missing));
		missing->function = pool_print(&m->pool, "%s.%s", step->hint, method_of(m, step->node));
		find_line(m, missing);
		return missing;
	}
	return NULL;
}

const char *java_hold_name(struct model *m, const struct java_hold *hold)
{
	const char *class = *hold->class_name ? hold->class_name : "?";

	switch (hold->kind) {
	case JAVA_HOLD_STACK:
		return pool_print(&m->pool, "%s", *hold->what ? hold->what : "?");
	case JAVA_HOLD_ELEMENT:
	case JAVA_HOLD_THREAD:
		return pool_print(&m->pool, "%s", class);
	default:
		return *hold->what ? pool_print(&m->pool, "%s.%s", class, hold->what) : class;
	}
}

const char *java_hold_words(struct model *m, const struct java_hold *hold)
{
	return pool_print(&m->pool, "%s%s",
			  hold->kind == JAVA_HOLD_STATIC   ? "static "
			  : hold->kind == JAVA_HOLD_THREAD ? "thread "
			  : hold->kind == JAVA_HOLD_STACK  ? "a variable of "
							   : "",
			  java_hold_name(m, hold));
}

/* SPDX-License-Identifier: MIT */
/* Line numbers, variables and stack maps of a method: the places that they name move with its instructions. */
#include "class_file_code.h"

#include <string.h>

#include "rules.h"

/* What begins with the method begins with what was put in. */
static int first_place(struct class_move *m, uint32_t old, uint32_t *now)
{
	*now = 0;
	return old ? class_place(m, old, now) : 0;
}

static int put_lines(struct class_move *m, const uint8_t *at, uint32_t size)
{
	uint32_t count = size >= 2 ? class_u2(at) : 0, now;

	if (size != 2 + 4 * count)
		return class_refuse(m, "its line numbers are cut off");
	class_put2(m->o, count);
	for (at += 2; count--; at += 4) {
		if (first_place(m, class_u2(at), &now))
			return -1;
		class_put2(m->o, now);
		class_put(m->o, at + 2, 2);
	}
	return 0;
}

static int put_locals(struct class_move *m, const uint8_t *at, uint32_t size)
{
	uint32_t count = size >= 2 ? class_u2(at) : 0, from, to;

	if (size != 2 + 10 * count)
		return class_refuse(m, "its local variables are cut off");
	class_put2(m->o, count);
	for (at += 2; count--; at += 10) {
		if (first_place(m, class_u2(at), &from) || class_place(m, (uint32_t)class_u2(at) + class_u2(at + 2), &to))
			return -1;
		class_put2(m->o, from);
		class_put2(m->o, to - from);
		class_put(m->o, at + 4, 6);
	}
	return 0;
}

/* Stack maps as they are read. */
struct maps {
	const uint8_t *at, *end;
	uint32_t old, now; /* place of the last one, plus 1; 0: none yet */
};

static int put_type(struct class_move *m, struct maps *s)
{
	uint32_t now;

	if (s->at >= s->end || *s->at > 8)
		return class_refuse(m, "its stack maps are of an unknown kind");
	uint32_t size = *s->at >= 7 ? 3 : 1;
	if ((size_t)(s->end - s->at) < size)
		return class_refuse(m, "its stack maps are cut off");
	if (*s->at == 8) {
		if (class_place(m, class_u2(s->at + 1), &now))
			return -1;
		class_put_ref(m->o, 8, now);
	} else {
		class_put(m->o, s->at, size);
	}
	s->at += size;
	return 0;
}

static int put_types(struct class_move *m, struct maps *s, uint32_t count)
{
	while (count--)
		if (put_type(m, s))
			return -1;
	return 0;
}

static int put_counted_types(struct class_move *m, struct maps *s)
{
	if (s->end - s->at < 2)
		return class_refuse(m, "its stack maps are cut off");
	uint32_t count = class_u2(s->at);
	class_put2(m->o, count);
	s->at += 2;
	return put_types(m, s, count);
}

/* The distance of the next map from the one before. */
static int step(struct class_move *m, struct maps *s, uint32_t delta, uint32_t *now)
{
	uint32_t old = s->old + delta, to;

	if (class_place(m, old, &to))
		return -1;
	if (to + 1 <= s->now)
		return class_refuse(m, "its stack maps are out of order");
	*now = to - s->now;
	s->old = old + 1;
	s->now = to + 1;
	return 0;
}

static int put_map(struct class_move *m, struct maps *s)
{
	uint32_t delta, now;

	if (s->at >= s->end)
		return class_refuse(m, "its stack maps are cut off");
	uint32_t tag = *s->at++;
	if (tag < 128) {
		if (step(m, s, tag & 63, &now))
			return -1;
		if (now > 63)
			class_put_ref(m->o, tag < 64 ? 251 : 247, now);
		else
			class_put1(m->o, (tag & 64) | now);
		return tag < 64 ? 0 : put_type(m, s);
	}
	if (tag < 247 || s->end - s->at < 2)
		return class_refuse(m, "its stack maps are of an unknown kind");
	delta = class_u2(s->at);
	s->at += 2;
	if (step(m, s, delta, &now))
		return -1;
	class_put_ref(m->o, tag, now);
	if (tag == 247)
		return put_type(m, s);
	if (tag < 252)
		return 0;
	if (tag < 255)
		return put_types(m, s, tag - 251);
	return put_counted_types(m, s) ? -1 : put_counted_types(m, s);
}

/* Those of the places behind skipped calls come first: nothing has changed there since the entry. */
static void put_own_maps(struct class_move *m, struct maps *s)
{
	for (uint32_t i = 0; i < m->frame_count; i++) {
		uint32_t now = m->frames[i] - s->now;

		if (now > 63)
			class_put_ref(m->o, 251, now);
		else
			class_put1(m->o, now);
		s->now = m->frames[i] + 1;
	}
}

static int put_maps(struct class_move *m, const uint8_t *at, uint32_t size)
{
	struct maps s = {.at = at + 2, .end = at + size};
	uint32_t count = size >= 2 ? class_u2(at) : 0;

	if (size < 2 || count + m->frame_count > 65535)
		return class_refuse(m, "its stack maps are cut off");
	class_put2(m->o, count + m->frame_count);
	put_own_maps(m, &s);
	while (count--)
		if (put_map(m, &s))
			return -1;
	return s.at == s.end ? 0 : class_refuse(m, "its stack maps are longer than they say");
}

enum attribute { COPIED, LINES, LOCALS, MAPS, DROPPED };

static enum attribute attribute_of(const struct class_work *w, uint32_t index)
{
	static const struct {
		const char *name;
		enum attribute kind;
	} known[] = {{"LineNumberTable", LINES},
		     {"LocalVariableTable", LOCALS},
		     {"LocalVariableTypeTable", LOCALS},
		     {"StackMapTable", MAPS},
		     {"RuntimeVisibleTypeAnnotations", DROPPED},
		     {"RuntimeInvisibleTypeAnnotations", DROPPED}};
	const uint8_t *at = w->file->at + w->places[index < w->file->constants ? index : 0];

	if (!index || index >= w->file->constants || !w->places[index] || *at != 1)
		return COPIED;
	for (uint32_t i = 0; i < sizeof known / sizeof *known; i++)
		if (class_u2(at + 1) == strlen(known[i].name) && !memcmp(at + 3, known[i].name, class_u2(at + 1)))
			return known[i].kind;
	return COPIED;
}

static int put_attribute(struct class_move *m, const uint8_t *at, enum attribute kind)
{
	uint32_t size = class_u4(at + 2);
	size_t start = m->o->used;
	int r = 0;

	class_put(m->o, at, 6);
	switch (kind) {
	case LINES:
		r = put_lines(m, at + 6, size);
		break;
	case LOCALS:
		r = put_locals(m, at + 6, size);
		break;
	case MAPS:
		r = put_maps(m, at + 6, size);
		break;
	default:
		class_put(m->o, at + 6, size);
	}
	if (!m->o->is_full)
		class_set4(m->o, start + 2, (uint32_t)(m->o->used - start - 6));
	return r;
}

int class_attributes(struct class_move *m, const uint8_t *at, const uint8_t *end)
{
	static const uint8_t no_maps[2];
	uint32_t count, kept = 0, has_maps = m->frame_count == 0 || m->w->major < 50;
	size_t start = m->o->used;

	if (end - at < 2)
		return class_refuse(m, "its code is cut off");
	count = class_u2(at);
	class_put2(m->o, 0);
	for (at += 2; count--; at += 6 + class_u4(at + 2)) {
		if (end - at < 6 || (uint64_t)(end - at) - 6 < class_u4(at + 2))
			return class_refuse(m, "its code is cut off");
		enum attribute kind = attribute_of(m->w, class_u2(at));
		if (kind == DROPPED)
			continue;
		if (put_attribute(m, at, kind))
			return -1;
		has_maps |= kind == MAPS;
		kept++;
	}
	if (at != end)
		return class_refuse(m, "its code is longer than it says");
	if (!has_maps) {
		size_t attribute = m->o->used;

		class_put2(m->o, m->w->refs.map);
		class_put4(m->o, 0);
		if (put_maps(m, no_maps, 2))
			return -1;
		class_set4(m->o, attribute + 2, (uint32_t)(m->o->used - attribute - 6));
		kept++;
	}
	class_set2(m->o, start, kept);
	return 0;
}

/* SPDX-License-Identifier: MIT */
/* Instructions move up behind what is put in; whatever names a place in the code moves with them. */
#include "class_file_code.h"

#include <string.h>

#include "rules.h"

enum {
	ALOAD = 25,
	ALOAD_0 = 42,
	ILOAD = 21,
	DUP = 89,
	TABLESWITCH = 170,
	LOOKUPSWITCH = 171,
	IRETURN = 172,
	ARETURN = 176,
	RETURN = 177,
	GETSTATIC = 178,
	PUTSTATIC = 179,
	GETFIELD = 180,
	INVOKESTATIC = 184,
	WIDE = 196,
	GOTO_W = 200,
	JSR_W = 201
};

#define ENTRY_MAX 512u

/* The code of one method on its way. */
struct move {
	struct class_out *o;
	struct class_work *w;
	const uint8_t *code; /* old instructions */
	uint32_t size;
	uint32_t *to; /* [old offset]: where the instruction, or what was put before it, is now */
	struct class_out entry;
	uint8_t entry_bytes[ENTRY_MAX];
	uint32_t frames[CLASS_HOOKS_OF_ONE]; /* in the entry: places behind a skipped call */
	uint32_t frame_count;
	uint32_t at_return; /* bytes put before each return */
	uint32_t new_size;
	size_t start; /* of the new instructions in o */
};

static int refuse(struct move *m, const char *why)
{
	if (!m->w->why)
		m->w->why = why;
	return -1;
}

/* Bytes of an instruction; 0: not known, or cut off. */
static uint32_t instruction_size(const uint8_t *code, uint32_t at, uint32_t end)
{
	static const char sizes[] = "111111111111111123233222221111111111111111111111111111222221111111111111111111111111111111"
				    "11111111111111111111111111111111111111111131111111111111111111133333333333333332--11111133"
				    "3333355323113311-43355";
	uint8_t op = code[at];
	uint32_t pad, size;

	if (op == WIDE)
		return at + 1 < end ? (code[at + 1] == 132 ? 6 : 4) : 0;
	if (op == TABLESWITCH || op == LOOKUPSWITCH) {
		pad = (at + 4) & ~3u;
		if (pad + 12 > end)
			return 0;
		if (op == TABLESWITCH) {
			int64_t low = (int32_t)class_u4(code + pad + 4), high = (int32_t)class_u4(code + pad + 8);

			if (high < low || high - low > 65535)
				return 0;
			size = 12 + 4 * (uint32_t)(high - low + 1);
		} else {
			uint32_t pairs = class_u4(code + pad + 4);

			if (pairs > 65535)
				return 0;
			size = 8 + 8 * pairs;
		}
		return pad - at + size;
	}
	return op < sizeof sizes - 1 && op <= JSR_W ? (uint32_t)(sizes[op] - '0') : 0;
}

static int is_return(uint8_t op)
{
	return op >= IRETURN && op <= RETURN;
}

/* `this` may have been replaced by another value: then it cannot be passed on. */
static int stores_first(const uint8_t *code, uint32_t at)
{
	uint8_t op = code[at];

	if (op == WIDE)
		return code[at + 1] >= 54 && code[at + 1] <= 58 && class_u2(code + at + 2) == 0;
	if (op >= 54 && op <= 58)
		return code[at + 1] == 0;
	return op == 59 || op == 63 || op == 67 || op == 71 || op == 75;
}

/* Where a parameter lies among the locals. *kind: first letter of its type. Returns -1 if there is none. */
static int parameter(const struct class_work *w, int number, uint8_t *kind)
{
	const uint8_t *d = w->type + 1, *end = w->type + w->type_size;
	int slot = w->flags & 8 ? 0 : 1;

	for (; d < end && *d != ')'; number--) {
		const uint8_t *start = d;

		while (d < end && *d == '[')
			d++;
		if (d < end && *d == 'L')
			while (d < end && *d != ';')
				d++;
		d++;
		if (number == 0) {
			*kind = *start;
			return slot;
		}
		slot += *start == 'J' || *start == 'D' ? 2 : 1;
	}
	return -1;
}

static void put_number(struct class_out *e, uint32_t number)
{
	class_put1(e, 17); /* sipush */
	class_put2(e, number);
}

static void put_ref(struct class_out *e, uint32_t op, uint32_t ref)
{
	class_put1(e, op);
	class_put2(e, ref);
}

static int put_object(struct move *m, struct class_out *e, const struct class_hook *h)
{
	uint8_t kind = 0;
	int slot = 0;

	if (h->object == CLASS_THIS) {
		if (m->w->flags & 8)
			return refuse(m, "a method is static, and has no object of its own");
	} else {
		slot = parameter(m->w, h->object, &kind);
		if (slot < 0 || (kind != 'L' && kind != '['))
			return refuse(m, "a method has no such parameter, or it is no object");
	}
	if (slot > 255)
		return refuse(m, "a parameter lies too far");
	if (slot < 4) {
		class_put1(e, ALOAD_0 + (uint32_t)slot);
	} else {
		class_put1(e, ALOAD);
		class_put1(e, (uint32_t)slot);
	}
	return 0;
}

static int put_amount(struct move *m, struct class_out *e, const struct class_hook *h)
{
	uint8_t kind = 0;
	int slot;

	if (h->amount < 0) {
		class_put1(e, 4); /* iconst_1 */
		return 0;
	}
	slot = parameter(m->w, h->amount, &kind);
	if (slot < 0 || slot > 255 || kind != 'I')
		return refuse(m, "a method has no such int parameter");
	class_put1(e, ILOAD);
	class_put1(e, (uint32_t)slot);
	return 0;
}

/* A call that is skipped unless what lies on the stack says otherwise. */
static void put_skip(struct move *m, uint32_t branch, size_t *hole)
{
	*hole = m->entry.used;
	put_ref(&m->entry, branch, 0);
}

static void land(struct move *m, size_t hole)
{
	class_set2(&m->entry, hole + 1, (uint32_t)(m->entry.used - hole));
	m->frames[m->frame_count++] = (uint32_t)m->entry.used;
	class_put1(&m->entry, 0); /* nop: no two places for stack maps are the same */
}

static int put_entry_call(struct move *m, const struct class_hook *h)
{
	const struct class_refs *r = &m->w->refs;
	struct class_out *e = &m->entry;
	size_t hole = 0;

	if (m->w->is_constructor && h->object == CLASS_THIS)
		return refuse(m, "at the entry of a constructor there is no object yet");
	if (h->call == CLASS_CALL_OP) {
		if (put_object(m, e, h))
			return -1;
		put_ref(e, GETFIELD, r->id);
		class_put1(e, 9);   /* lconst_0 */
		class_put1(e, 148); /* lcmp */
		put_skip(m, 153, &hole); /* ifeq */
		put_object(m, e, h);
		put_object(m, e, h);
		put_ref(e, GETFIELD, r->id);
		put_number(e, h->number);
		if (put_amount(m, e, h))
			return -1;
		put_ref(e, INVOKESTATIC, r->op);
		land(m, hole);
		return 0;
	}
	if (h->call == CLASS_CALL_MAKE) {
		put_ref(e, GETSTATIC, r->turn);
		class_put1(e, 4);   /* iconst_1 */
		class_put1(e, 100); /* isub */
		class_put1(e, DUP);
		put_ref(e, PUTSTATIC, r->turn);
		put_skip(m, 157, &hole); /* ifgt */
	}
	if (put_object(m, e, h))
		return -1;
	put_number(e, h->number);
	put_ref(e, INVOKESTATIC, h->call == CLASS_CALL_MAKE ? r->make : r->on);
	if (h->call == CLASS_CALL_MAKE)
		land(m, hole);
	return 0;
}

/* What goes before all instructions. */
static int make_entry(struct move *m)
{
	m->entry = (struct class_out){.at = m->entry_bytes, .room = ENTRY_MAX};
	for (uint32_t i = 0; i < m->w->hook_count; i++)
		if (m->w->hooks[i]->call == CLASS_CALL_MADE)
			m->at_return += 8;
		else if (put_entry_call(m, m->w->hooks[i]))
			return -1;
	while (m->entry.used & 3 && !m->entry.is_full)
		class_put1(&m->entry, 0);
	return m->entry.is_full ? refuse(m, "too many calls for one method") : 0;
}

/* Finds the instructions and where they go. */
static int plan(struct move *m)
{
	uint32_t shift = (uint32_t)m->entry.used, size;

	for (uint32_t at = 0; at < m->size; at += size) {
		size = instruction_size(m->code, at, m->size);
		if (!size || size > m->size - at)
			return refuse(m, "it has an instruction that is not known");
		m->to[at] = at + shift;
		for (uint32_t i = 1; i < size; i++)
			m->to[at + i] = CLASS_NOWHERE;
		if (is_return(m->code[at]))
			shift += m->at_return;
		if (m->at_return && !(m->w->flags & 8) && stores_first(m->code, at))
			return refuse(m, "a method replaces `this`");
	}
	m->to[m->size] = m->size + shift;
	m->new_size = m->size + shift;
	return m->new_size > 65535 ? refuse(m, "a method becomes longer than methods may be") : 0;
}

static int put_return_calls(struct move *m, uint8_t op)
{
	for (uint32_t i = 0; i < m->w->hook_count; i++) {
		const struct class_hook *h = m->w->hooks[i];

		if (h->call != CLASS_CALL_MADE)
			continue;
		if (h->object == CLASS_RESULT) {
			if (op != ARETURN)
				return refuse(m, "a method returns no object");
			class_put1(m->o, DUP);
		} else if (h->object != CLASS_THIS || m->w->flags & 8) {
			return refuse(m, "a method has no object of its own");
		} else {
			class_put1(m->o, ALOAD_0);
		}
		put_number(m->o, h->number);
		put_ref(m->o, INVOKESTATIC, m->w->refs.on);
		class_put1(m->o, 0);
	}
	return 0;
}

/* The way from one instruction to another, as it is now. */
static int distance(struct move *m, uint32_t at, int64_t old, int64_t *now)
{
	int64_t target = (int64_t)at + old;

	if (target < 0 || target >= m->size || m->to[target] == CLASS_NOWHERE)
		return refuse(m, "a branch leads nowhere");
	*now = (int64_t)m->to[target] - (int64_t)m->to[at];
	return 0;
}

static int put_switch(struct move *m, uint32_t at, uint32_t size)
{
	uint32_t pad = ((at + 4) & ~3u) - at, i;
	const uint8_t *from = m->code + at;
	int64_t way;

	class_put(m->o, from, pad);
	if (distance(m, at, (int32_t)class_u4(from + pad), &way))
		return -1;
	class_put4(m->o, (uint32_t)way);
	i = pad + 4;
	if (*from == TABLESWITCH) {
		class_put(m->o, from + i, 8);
		i += 8;
	} else {
		class_put(m->o, from + i, 4);
		i += 4;
	}
	for (; i < size; i += 4) {
		if (*from == LOOKUPSWITCH) {
			class_put(m->o, from + i, 4);
			i += 4;
		}
		if (distance(m, at, (int32_t)class_u4(from + i), &way))
			return -1;
		class_put4(m->o, (uint32_t)way);
	}
	return 0;
}

static int put_instruction(struct move *m, uint32_t at, uint32_t size)
{
	const uint8_t *from = m->code + at;
	uint8_t op = *from;
	int64_t way;

	if (is_return(op) && m->at_return && put_return_calls(m, op))
		return -1;
	if (op == TABLESWITCH || op == LOOKUPSWITCH)
		return put_switch(m, at, size);
	if (op == GOTO_W || op == JSR_W) {
		if (distance(m, at, (int32_t)class_u4(from + 1), &way))
			return -1;
		class_put1(m->o, op);
		class_put4(m->o, (uint32_t)way);
		return 0;
	}
	if ((op >= 153 && op <= 168) || op == 198 || op == 199) {
		if (distance(m, at, (int16_t)class_u2(from + 1), &way))
			return -1;
		if (way < -32768 || way > 32767)
			return refuse(m, "a branch would become too long");
		put_ref(m->o, op, (uint32_t)way & 0xffff);
		return 0;
	}
	class_put(m->o, from, size);
	return 0;
}

static int put_instructions(struct move *m)
{
	uint32_t size;

	m->start = m->o->used;
	class_put(m->o, m->entry_bytes, m->entry.used);
	for (uint32_t at = 0; at < m->size; at += size) {
		size = instruction_size(m->code, at, m->size);
		if (put_instruction(m, at, size))
			return -1;
	}
	if (!m->o->is_full && m->o->used - m->start != m->new_size)
		return refuse(m, "its code did not come out as planned");
	return 0;
}

/* A place in the code, the end included. */
static int place(struct move *m, uint32_t old, uint32_t *now)
{
	if (old > m->size || m->to[old] == CLASS_NOWHERE)
		return refuse(m, "it names a place inside an instruction");
	*now = m->to[old];
	return 0;
}

static int put_handlers(struct move *m, const uint8_t *at, const uint8_t *end, const uint8_t **next)
{
	uint32_t from, to, handler;

	if (end - at < 2 || (size_t)(end - at) < 2 + 8 * (size_t)class_u2(at))
		return refuse(m, "its exception handlers are cut off");
	uint32_t count = class_u2(at);
	class_put2(m->o, count);
	for (at += 2; count--; at += 8) {
		if (place(m, class_u2(at), &from) || place(m, class_u2(at + 2), &to) || place(m, class_u2(at + 4), &handler))
			return -1;
		class_put2(m->o, from);
		class_put2(m->o, to);
		class_put2(m->o, handler);
		class_put(m->o, at + 6, 2);
	}
	*next = at;
	return 0;
}

/* --- attributes --- */

/* What begins with the method begins with what was put in. */
static int first_place(struct move *m, uint32_t old, uint32_t *now)
{
	*now = 0;
	return old ? place(m, old, now) : 0;
}

static int put_lines(struct move *m, const uint8_t *at, uint32_t size)
{
	uint32_t count = size >= 2 ? class_u2(at) : 0, now;

	if (size != 2 + 4 * count)
		return refuse(m, "its line numbers are cut off");
	class_put2(m->o, count);
	for (at += 2; count--; at += 4) {
		if (first_place(m, class_u2(at), &now))
			return -1;
		class_put2(m->o, now);
		class_put(m->o, at + 2, 2);
	}
	return 0;
}

static int put_locals(struct move *m, const uint8_t *at, uint32_t size)
{
	uint32_t count = size >= 2 ? class_u2(at) : 0, from, to;

	if (size != 2 + 10 * count)
		return refuse(m, "its local variables are cut off");
	class_put2(m->o, count);
	for (at += 2; count--; at += 10) {
		if (first_place(m, class_u2(at), &from) || place(m, (uint32_t)class_u2(at) + class_u2(at + 2), &to))
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

static int put_type(struct move *m, struct maps *s)
{
	uint32_t now;

	if (s->at >= s->end || *s->at > 8)
		return refuse(m, "its stack maps are of an unknown kind");
	uint32_t size = *s->at >= 7 ? 3 : 1;
	if ((size_t)(s->end - s->at) < size)
		return refuse(m, "its stack maps are cut off");
	if (*s->at == 8) {
		if (place(m, class_u2(s->at + 1), &now))
			return -1;
		put_ref(m->o, 8, now);
	} else {
		class_put(m->o, s->at, size);
	}
	s->at += size;
	return 0;
}

static int put_types(struct move *m, struct maps *s, uint32_t count)
{
	while (count--)
		if (put_type(m, s))
			return -1;
	return 0;
}

static int put_counted_types(struct move *m, struct maps *s)
{
	if (s->end - s->at < 2)
		return refuse(m, "its stack maps are cut off");
	uint32_t count = class_u2(s->at);
	class_put2(m->o, count);
	s->at += 2;
	return put_types(m, s, count);
}

/* The distance of the next map from the one before. */
static int step(struct move *m, struct maps *s, uint32_t delta, uint32_t *now)
{
	uint32_t old = s->old + delta, to;

	if (place(m, old, &to))
		return -1;
	if (to + 1 <= s->now)
		return refuse(m, "its stack maps are out of order");
	*now = to - s->now;
	s->old = old + 1;
	s->now = to + 1;
	return 0;
}

static int put_map(struct move *m, struct maps *s)
{
	uint32_t delta, now;

	if (s->at >= s->end)
		return refuse(m, "its stack maps are cut off");
	uint32_t tag = *s->at++;
	if (tag < 128) {
		if (step(m, s, tag & 63, &now))
			return -1;
		if (now > 63)
			put_ref(m->o, tag < 64 ? 251 : 247, now);
		else
			class_put1(m->o, (tag & 64) | now);
		return tag < 64 ? 0 : put_type(m, s);
	}
	if (tag < 247 || s->end - s->at < 2)
		return refuse(m, "its stack maps are of an unknown kind");
	delta = class_u2(s->at);
	s->at += 2;
	if (step(m, s, delta, &now))
		return -1;
	put_ref(m->o, tag, now);
	if (tag == 247)
		return put_type(m, s);
	if (tag < 252)
		return 0;
	if (tag < 255)
		return put_types(m, s, tag - 251);
	return put_counted_types(m, s) ? -1 : put_counted_types(m, s);
}

/* Those of the places behind skipped calls come first: nothing has changed there since the entry. */
static void put_own_maps(struct move *m, struct maps *s)
{
	for (uint32_t i = 0; i < m->frame_count; i++) {
		uint32_t now = m->frames[i] - s->now;

		if (now > 63)
			put_ref(m->o, 251, now);
		else
			class_put1(m->o, now);
		s->now = m->frames[i] + 1;
	}
}

static int put_maps(struct move *m, const uint8_t *at, uint32_t size)
{
	struct maps s = {.at = at + 2, .end = at + size};
	uint32_t count = size >= 2 ? class_u2(at) : 0;

	if (size < 2 || count + m->frame_count > 65535)
		return refuse(m, "its stack maps are cut off");
	class_put2(m->o, count + m->frame_count);
	put_own_maps(m, &s);
	while (count--)
		if (put_map(m, &s))
			return -1;
	return s.at == s.end ? 0 : refuse(m, "its stack maps are longer than they say");
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

static int put_attribute(struct move *m, const uint8_t *at, enum attribute kind)
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

static int put_attributes(struct move *m, const uint8_t *at, const uint8_t *end)
{
	static const uint8_t no_maps[2];
	uint32_t count, kept = 0, has_maps = m->frame_count == 0 || m->w->major < 50;
	size_t start = m->o->used;

	if (end - at < 2)
		return refuse(m, "its code is cut off");
	count = class_u2(at);
	class_put2(m->o, 0);
	for (at += 2; count--; at += 6 + class_u4(at + 2)) {
		if (end - at < 6 || (uint64_t)(end - at) - 6 < class_u4(at + 2))
			return refuse(m, "its code is cut off");
		enum attribute kind = attribute_of(m->w, class_u2(at));
		if (kind == DROPPED)
			continue;
		if (put_attribute(m, at, kind))
			return -1;
		has_maps |= kind == MAPS;
		kept++;
	}
	if (at != end)
		return refuse(m, "its code is longer than it says");
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

int class_code(struct class_out *o, struct class_work *w, const uint8_t *code, uint32_t size)
{
	struct move m = {.o = o, .w = w, .to = w->places + 65536};
	const uint8_t *end = code + size, *at;

	if (size < 12 || !class_u4(code + 4) || class_u4(code + 4) > 65535 || class_u4(code + 4) > size - 12)
		return refuse(&m, "its code is cut off");
	m.code = code + 8;
	m.size = class_u4(code + 4);
	if (make_entry(&m) || plan(&m))
		return -1;
	uint32_t stack = class_u2(code) + (m.at_return ? 2u : 0);
	if (m.entry.used && stack < 5)
		stack = 5;
	if (stack > 65535)
		return refuse(&m, "a method needs too much stack");
	class_put2(o, stack);
	class_put(o, code + 2, 2);
	class_put4(o, m.new_size);
	if (put_instructions(&m) || put_handlers(&m, m.code + m.size, end, &at))
		return -1;
	return put_attributes(&m, at, end);
}

/* SPDX-License-Identifier: MIT */
/* Instructions move up behind what is put in; whatever names a place in the code moves with them. */
#include "class_file_code.h"

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

static int put_object(struct class_move *m, struct class_out *e, const struct class_hook *h)
{
	uint8_t kind = 0;
	int slot = 0;

	if (h->object == CLASS_THIS) {
		if (m->w->flags & 8)
			return class_refuse(m, "a method is static, and has no object of its own");
	} else {
		slot = parameter(m->w, h->object, &kind);
		if (slot < 0 || (kind != 'L' && kind != '['))
			return class_refuse(m, "a method has no such parameter, or it is no object");
	}
	if (slot > 255)
		return class_refuse(m, "a parameter lies too far");
	if (slot < 4) {
		class_put1(e, ALOAD_0 + (uint32_t)slot);
	} else {
		class_put1(e, ALOAD);
		class_put1(e, (uint32_t)slot);
	}
	return 0;
}

static int put_amount(struct class_move *m, struct class_out *e, const struct class_hook *h)
{
	uint8_t kind = 0;
	int slot;

	if (h->amount < 0) {
		class_put1(e, 4); /* iconst_1 */
		return 0;
	}
	slot = parameter(m->w, h->amount, &kind);
	if (slot < 0 || slot > 255 || kind != 'I')
		return class_refuse(m, "a method has no such int parameter");
	class_put1(e, ILOAD);
	class_put1(e, (uint32_t)slot);
	return 0;
}

/* A call that is skipped unless what lies on the stack says otherwise. */
static void put_skip(struct class_move *m, uint32_t branch, size_t *hole)
{
	*hole = m->entry.used;
	class_put_ref(&m->entry, branch, 0);
}

static void land(struct class_move *m, size_t hole)
{
	class_set2(&m->entry, hole + 1, (uint32_t)(m->entry.used - hole));
	m->frames[m->frame_count++] = (uint32_t)m->entry.used;
	class_put1(&m->entry, 0); /* nop: no two places for stack maps are the same */
}

static int put_entry_call(struct class_move *m, const struct class_hook *h)
{
	const struct class_refs *r = &m->w->refs;
	struct class_out *e = &m->entry;
	size_t hole = 0;

	if (m->w->is_constructor && h->object == CLASS_THIS)
		return class_refuse(m, "at the entry of a constructor there is no object yet");
	if (h->call == CLASS_CALL_OP) {
		if (put_object(m, e, h))
			return -1;
		class_put_ref(e, GETFIELD, r->id);
		class_put1(e, 9);   /* lconst_0 */
		class_put1(e, 148); /* lcmp */
		put_skip(m, 153, &hole); /* ifeq */
		put_object(m, e, h);
		put_object(m, e, h);
		class_put_ref(e, GETFIELD, r->id);
		put_number(e, h->number);
		if (put_amount(m, e, h))
			return -1;
		class_put_ref(e, INVOKESTATIC, r->op);
		land(m, hole);
		return 0;
	}
	if (h->call == CLASS_CALL_MAKE) {
		class_put_ref(e, GETSTATIC, r->turn);
		class_put1(e, 4);   /* iconst_1 */
		class_put1(e, 100); /* isub */
		class_put1(e, DUP);
		class_put_ref(e, PUTSTATIC, r->turn);
		put_skip(m, 157, &hole); /* ifgt */
	}
	if (put_object(m, e, h))
		return -1;
	put_number(e, h->number);
	class_put_ref(e, INVOKESTATIC, h->call == CLASS_CALL_MAKE ? r->make : r->on);
	if (h->call == CLASS_CALL_MAKE)
		land(m, hole);
	return 0;
}

/* What goes before all instructions. */
static int make_entry(struct class_move *m)
{
	m->entry = (struct class_out){.at = m->entry_bytes, .room = CLASS_ENTRY_MAX};
	for (uint32_t i = 0; i < m->w->hook_count; i++)
		if (m->w->hooks[i]->call == CLASS_CALL_MADE)
			m->at_return += 8;
		else if (put_entry_call(m, m->w->hooks[i]))
			return -1;
	while (m->entry.used & 3 && !m->entry.is_full)
		class_put1(&m->entry, 0);
	return m->entry.is_full ? class_refuse(m, "too many calls for one method") : 0;
}

/* Finds the instructions and where they go. */
static int plan(struct class_move *m)
{
	uint32_t shift = (uint32_t)m->entry.used, size;

	for (uint32_t at = 0; at < m->size; at += size) {
		size = instruction_size(m->code, at, m->size);
		if (!size || size > m->size - at)
			return class_refuse(m, "it has an instruction that is not known");
		m->to[at] = at + shift;
		for (uint32_t i = 1; i < size; i++)
			m->to[at + i] = CLASS_NOWHERE;
		if (is_return(m->code[at]))
			shift += m->at_return;
		if (m->at_return && !(m->w->flags & 8) && stores_first(m->code, at))
			return class_refuse(m, "a method replaces `this`");
	}
	m->to[m->size] = m->size + shift;
	m->new_size = m->size + shift;
	return m->new_size > 65535 ? class_refuse(m, "a method becomes longer than methods may be") : 0;
}

static int put_return_calls(struct class_move *m, uint8_t op)
{
	for (uint32_t i = 0; i < m->w->hook_count; i++) {
		const struct class_hook *h = m->w->hooks[i];

		if (h->call != CLASS_CALL_MADE)
			continue;
		if (h->object == CLASS_RESULT) {
			if (op != ARETURN)
				return class_refuse(m, "a method returns no object");
			class_put1(m->o, DUP);
		} else if (h->object != CLASS_THIS || m->w->flags & 8) {
			return class_refuse(m, "a method has no object of its own");
		} else {
			class_put1(m->o, ALOAD_0);
		}
		put_number(m->o, h->number);
		class_put_ref(m->o, INVOKESTATIC, m->w->refs.on);
		class_put1(m->o, 0);
	}
	return 0;
}

/* The way from one instruction to another, as it is now. */
static int distance(struct class_move *m, uint32_t at, int64_t old, int64_t *now)
{
	int64_t target = (int64_t)at + old;

	if (target < 0 || target >= m->size || m->to[target] == CLASS_NOWHERE)
		return class_refuse(m, "a branch leads nowhere");
	*now = (int64_t)m->to[target] - (int64_t)m->to[at];
	return 0;
}

static int put_switch(struct class_move *m, uint32_t at, uint32_t size)
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

static int put_instruction(struct class_move *m, uint32_t at, uint32_t size)
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
			return class_refuse(m, "a branch would become too long");
		class_put_ref(m->o, op, (uint32_t)way & 0xffff);
		return 0;
	}
	class_put(m->o, from, size);
	return 0;
}

static int put_instructions(struct class_move *m)
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
		return class_refuse(m, "its code did not come out as planned");
	return 0;
}

static int put_handlers(struct class_move *m, const uint8_t *at, const uint8_t *end, const uint8_t **next)
{
	uint32_t from, to, handler;

	if (end - at < 2 || (size_t)(end - at) < 2 + 8 * (size_t)class_u2(at))
		return class_refuse(m, "its exception handlers are cut off");
	uint32_t count = class_u2(at);
	class_put2(m->o, count);
	for (at += 2; count--; at += 8) {
		if (class_place(m, class_u2(at), &from) || class_place(m, class_u2(at + 2), &to) || class_place(m, class_u2(at + 4), &handler))
			return -1;
		class_put2(m->o, from);
		class_put2(m->o, to);
		class_put2(m->o, handler);
		class_put(m->o, at + 6, 2);
	}
	*next = at;
	return 0;
}

int class_code(struct class_out *o, struct class_work *w, const uint8_t *code, uint32_t size)
{
	struct class_move m = {.o = o, .w = w, .to = w->places + 65536};
	const uint8_t *end = code + size, *at;

	if (size < 12 || !class_u4(code + 4) || class_u4(code + 4) > 65535 || class_u4(code + 4) > size - 12)
		return class_refuse(&m, "its code is cut off");
	m.code = code + 8;
	m.size = class_u4(code + 4);
	if (make_entry(&m) || plan(&m))
		return -1;
	uint32_t stack = class_u2(code) + (m.at_return ? 2u : 0);
	if (m.entry.used && stack < 5)
		stack = 5;
	if (stack > 65535)
		return class_refuse(&m, "a method needs too much stack");
	class_put2(o, stack);
	class_put(o, code + 2, 2);
	class_put4(o, m.new_size);
	if (put_instructions(&m) || put_handlers(&m, m.code + m.size, end, &at))
		return -1;
	return class_attributes(&m, at, end);
}

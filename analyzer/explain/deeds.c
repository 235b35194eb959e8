/* SPDX-License-Identifier: MIT */
/* What a function does with members of structures: see deeds.h. */
#include <string.h>

#include "deeds.h"

#define FUNCTION_MOST 20000u /* bytes */
#define POINTERS_MOST 1024u
#define DEEDS_MOST 2048u
#define PLACES_MOST 128u /* words of the frame of which it is known what they hold */
#define JUMPS_MOST 256u
#define CARRIED_MOST 4u /* instructions */
#define ARGUMENTS 6u
#define CALLER_SAVED 0x0fc7u
#define POINTER_SIZE 8u

static const uint8_t arguments[ARGUMENTS] = { REG_RDI, REG_RSI, REG_RDX, REG_RCX, 8, 9 };

struct registers {
	struct holding reg[16];
	uint16_t fresh; /* written since the last call */
};

struct jump {
	uint64_t to;
	struct registers with;
};

struct look {
	struct work *w;
	const struct function *f;
	struct image *image;
	uint64_t bias;
	struct image_pointer pointers[POINTERS_MOST];
	unsigned pointer_count;
	struct registers now;
	struct {
		uint8_t base;
		int64_t at;
		struct holding holds;
	} places[PLACES_MOST];
	unsigned place_count;
	struct jump jumps[JUMPS_MOST];
	unsigned jump_count;
	struct deed list[DEEDS_MOST];
	unsigned count;
};

static struct deed *add(struct look *l, enum deed_kind kind, const struct insn *i)
{
	static struct deed none;
	struct deed *d = l->count < DEEDS_MOST ? &l->list[l->count++] : &none;

	*d = (struct deed){ .kind = kind, .at = i->address, .next = i->next };
	return d;
}

static bool covers(const struct image_pointer *p, uint64_t at)
{
	return at >= p->start && at < p->end;
}

/* What a register holds just before an instruction: as the innermost variable says that lies there, if there is one. */
static struct holding get(const struct look *l, const struct insn *i, unsigned reg)
{
	struct holding h = reg < 16 ? l->now.reg[reg] : (struct holding){ 0 };
	uint64_t type = 0;

	for (unsigned k = 0; reg < 16 && k < l->pointer_count; k++) {
		const struct image_pointer *p = &l->pointers[k];

		if (!p->in_register || p->reg != reg || !covers(p, i->address - l->bias))
			continue;
		if (p->leads_to == h.type)
			return h;
		type = p->leads_to;
	}
	if (type) {
		h.type = type;
		h.offset = 0;
	}
	return h;
}

static bool is_frame(const struct operand *o)
{
	return o->kind == OPERAND_MEM && (o->base == REG_RSP || o->base == REG_RBP) && !o->is_thread;
}

static const struct image_pointer *variable(const struct look *l, const struct insn *i, const struct operand *o)
{
	for (unsigned k = 0; k < l->pointer_count; k++) {
		const struct image_pointer *p = &l->pointers[k];

		if (!p->in_register && p->reg == o->base && o->value >= p->at && o->value < p->at + (int64_t)p->size &&
		    covers(p, i->address - l->bias))
			return p;
	}
	return NULL;
}

static bool is_beyond(const struct look *l, uint64_t type, int64_t offset)
{
	uint64_t size = image_size(l->image, type);

	return type && size && (offset < 0 || (uint64_t)offset >= size);
}

/* The same, where something lies behind that: of several variables there, as of a structure and its first member, one that is large
 * enough. */
static struct holding get_with(const struct look *l, const struct insn *i, unsigned reg, int64_t offset)
{
	struct holding h = get(l, i, reg);

	for (unsigned k = 0; reg < 16 && is_beyond(l, h.type, h.offset + offset) && k < l->pointer_count; k++) {
		const struct image_pointer *p = &l->pointers[k];

		if (p->in_register && p->reg == reg && covers(p, i->address - l->bias) && !is_beyond(l, p->leads_to, offset))
			h = (struct holding){ .type = p->leads_to };
	}
	return h;
}

/* What an operand's place is a part of. */
static struct holding place_of(const struct look *l, const struct insn *i, const struct operand *o)
{
	struct holding h = { 0 };
	const struct image_pointer *v = is_frame(o) ? variable(l, i, o) : NULL;

	if (v)
		return v->is_itself ? (struct holding){ .type = v->leads_to, .offset = o->value - v->at } : h;
	if (o->base == REG_RIP) {
		struct image_variable named;
		uint64_t offset = 0, at = (uint64_t)o->value;

		if (code_variable(l->w->code, at, &offset) && image_declared(l->image, at - offset - l->bias, &named) && named.type)
			h = (struct holding){ .type = named.type, .offset = (int64_t)offset };
		return h;
	}
	if (is_frame(o) && !(o->base == REG_RBP && get(l, i, REG_RBP).type))
		return h;
	h = get_with(l, i, o->base, o->value);
	if (!h.type && o->index < 16 && o->scale <= 1)
		h = get_with(l, i, o->index, o->value);
	h.offset += o->value;
	h.from = (struct slot){ 0, 0 };
	h.argument = 0;
	return h;
}

static struct holding *frame_word(struct look *l, const struct operand *o, bool make)
{
	for (unsigned k = 0; k < l->place_count; k++)
		if (l->places[k].base == o->base && l->places[k].at == o->value)
			return &l->places[k].holds;
	if (!make || l->place_count == PLACES_MOST)
		return NULL;
	l->places[l->place_count].base = o->base;
	l->places[l->place_count].at = o->value;
	l->places[l->place_count].holds = (struct holding){ 0 };
	return &l->places[l->place_count++].holds;
}

/* Something of a type, or a pointer to such where the type is that of a pointer, is loaded from a place. */
static struct holding load(struct look *l, const struct insn *i, const struct operand *o)
{
	struct holding at = place_of(l, i, o), h = { 0 };
	const struct image_pointer *v;
	const struct holding *word;
	struct deed *d;

	if (at.type) {
		struct image_member m;

		if (!image_member(l->image, at.type, (uint64_t)at.offset, &m) || (o->index < 16 && m.is_in_array)) {
			if (o->index < 16)
				h.from.in = SLOT_ANY;
			return h;
		}
		d = add(l, DEED_LOADED, i);
		d->of = (struct slot){ m.in, m.offset };
		d->member = m;
		h.type = m.leads_to;
		if (m.is_pointer)
			h.from = d->of;
		return h;
	}
	if (!is_frame(o) || o->index != REG_NONE)
		return h;
	word = frame_word(l, o, false);
	if (word)
		h = *word;
	v = variable(l, i, o);
	if (v && !v->is_itself) {
		h.type = v->leads_to;
		h.offset = 0;
	}
	return h;
}

static void moved(struct look *l, const struct insn *i, const struct holding *h)
{
	if (h->from.in)
		add(l, DEED_MOVED, i)->of = h->from;
}

static void store(struct look *l, const struct insn *i, struct holding h)
{
	struct holding at = place_of(l, i, &i->to), *word;
	struct image_member m;
	struct deed *d;

	if (at.type && image_member(l->image, at.type, (uint64_t)at.offset, &m)) {
		d = add(l, DEED_STORED, i);
		d->of = (struct slot){ m.in, m.offset };
		d->member = m;
	}
	if (!at.type && is_frame(&i->to) && i->to.index == REG_NONE) {
		word = frame_word(l, &i->to, true);
		if (word && (h.from.in || !word->from.in)) /* of several ways the one that loaded it is of interest */
			*word = h;
		return;
	}
	moved(l, i, &h);
}

static void set(struct look *l, unsigned reg, struct holding h)
{
	l->now.reg[reg] = h;
	l->now.fresh |= (uint16_t)(1u << reg);
}

static bool is_word(const struct operand *o)
{
	return o->kind == OPERAND_REG && o->reg < 16 && o->width == POINTER_SIZE;
}

/* The variable may be said to lie in the copy from here on: the register has the same still. */
static struct holding copy(struct look *l, const struct insn *i)
{
	struct holding h = get(l, i, i->from.reg);

	l->now.reg[i->from.reg] = h;
	return h;
}

static void move(struct look *l, const struct insn *i)
{
	if (is_word(&i->to) && i->from.kind == OPERAND_MEM)
		set(l, i->to.reg, load(l, i, &i->from));
	else if (is_word(&i->to) && i->from.kind == OPERAND_REG && i->from.reg < 16)
		set(l, i->to.reg, copy(l, i));
	else if (i->to.kind == OPERAND_MEM && i->to.width == POINTER_SIZE)
		store(l, i, i->from.kind == OPERAND_REG ? get(l, i, i->from.reg) : (struct holding){ 0 });
}

/* Both words of what is moved as one. */
static void move_vector(struct look *l, const struct insn *i)
{
	const struct operand *place = i->from.kind == OPERAND_MEM ? &i->from : &i->to;
	enum deed_kind kind = place == &i->from ? DEED_MOVED : DEED_STORED;
	struct image_member m;
	struct holding at;
	struct deed *d;

	if (place->kind != OPERAND_MEM)
		return;
	at = place_of(l, i, place);
	for (unsigned k = 0; at.type && k < place->width; k += POINTER_SIZE)
		if (image_member(l->image, at.type, (uint64_t)at.offset + k, &m) && m.is_pointer) {
			d = add(l, kind, i);
			d->of = (struct slot){ m.in, m.offset };
			d->member = m;
		}
}

/* Who goes along an array of pointers by an address of its own may do anything with them. */
static struct holding note_array(struct look *l, const struct insn *i, struct holding h)
{
	struct image_member m;

	if (h.type && h.offset > 0 && image_member(l->image, h.type, (uint64_t)h.offset, &m) && m.is_pointer && m.is_several)
		add(l, DEED_MOVED, i)->of = (struct slot){ m.in, m.offset };
	return h;
}

static void calculate(struct look *l, const struct insn *i)
{
	struct holding to, from;
	uint64_t size;

	if (!is_word(&i->to) || i->to.reg == REG_RSP)
		return;
	to = get(l, i, i->to.reg);
	if (i->from.kind == OPERAND_IMM) {
		to.offset += i->op == OP_ADD ? i->from.value : i->op == OP_SUB ? -i->from.value : 0;
		if (to.type && (size = image_size(l->image, to.type)) && !(i->from.value % (int64_t)size))
			to.offset = to.offset % (int64_t)size; /* another one of an array */
	} else if (i->from.kind == OPERAND_REG) {
		from = get(l, i, i->from.reg);
		to = to.type || to.from.in ? to : from;
	} else if (i->from.kind == OPERAND_MEM && !to.type) {
		to = load(l, i, &i->from);
	}
	set(l, i->to.reg, note_array(l, i, to));
}

static void pass(struct look *l, const struct insn *i, bool is_left)
{
	bool is_direct = i->to.kind == OPERAND_IMM;
	const char *import = is_direct ? code_stub(l->w->code, (uint64_t)i->to.value)
			     : i->to.kind == OPERAND_MEM && i->to.base == REG_RIP ? code_slot(l->w->code, (uint64_t)i->to.value) : NULL;
	struct deed *d;

	for (unsigned k = 0; k < ARGUMENTS; k++) {
		struct holding h = get(l, i, arguments[k]);

		if (!(l->now.fresh & 1u << arguments[k]) || (!h.type && !h.from.in && !h.argument && !h.to_pointer))
			continue;
		d = add(l, DEED_PASSED, i);
		d->what = h;
		d->of = h.from;
		d->argument = (uint8_t)k;
		d->is_left = is_left;
		d->import = import;
		d->callee = is_direct && !import ? (uint64_t)i->to.value : 0;
	}
	d = add(l, DEED_CALLED, i);
	d->is_left = is_left;
	d->import = import;
	d->callee = is_direct && !import ? (uint64_t)i->to.value : 0;
}

static void call(struct look *l, const struct insn *i)
{
	const struct function *callee = i->to.kind == OPERAND_IMM && !code_stub(l->w->code, (uint64_t)i->to.value)
						? code_function(l->w->code, (uint64_t)i->to.value) : NULL;

	pass(l, i, false);
	for (unsigned k = 0; k < 16; k++)
		if (CALLER_SAVED & 1u << k)
			l->now.reg[k] = (struct holding){ 0 };
	l->now.fresh = 0;
	if (callee && callee->module == l->f->module)
		set(l, REG_RAX, (struct holding){ .type = image_result(l->image, callee->start - l->bias) });
}

static bool is_within(const struct look *l, const struct insn *i)
{
	return i->to.kind == OPERAND_IMM && (uint64_t)i->to.value >= l->f->start && (uint64_t)i->to.value < l->f->end;
}

static void note_jump(struct look *l, const struct insn *i)
{
	for (unsigned k = 0; k < l->jump_count; k++)
		if (l->jumps[k].to == (uint64_t)i->to.value)
			return;
	if (is_within(l, i) && l->jump_count < JUMPS_MOST)
		l->jumps[l->jump_count++] = (struct jump){ (uint64_t)i->to.value, l->now };
}

/* What lies behind a jump is reached from elsewhere: from where that is known? */
static bool comes_from_elsewhere(struct look *l, uint64_t at)
{
	for (unsigned k = 0; k < l->jump_count; k++)
		if (l->jumps[k].to == at) {
			l->now = l->jumps[k].with;
			return true;
		}
	return false;
}

static struct holding address_of(const struct look *l, const struct insn *i, const struct operand *o)
{
	const struct image_pointer *v = is_frame(o) ? variable(l, i, o) : NULL;

	return v && !v->is_itself ? (struct holding){ .to_pointer = v->leads_to } : place_of(l, i, o);
}

static void step(struct look *l, const struct insn *i)
{
	switch (i->op) {
	case OP_MOVE:
	case OP_CMOV:
		move(l, i);
		break;
	case OP_LEA:
		if (is_word(&i->to))
			set(l, i->to.reg, note_array(l, i, address_of(l, i, &i->from)));
		break;
	case OP_VECTOR_MOVE:
	case OP_VECTOR_HIGH:
		move_vector(l, i);
		break;
	case OP_ADD:
	case OP_SUB:
	case OP_AND:
		calculate(l, i);
		break;
	case OP_CALL:
		call(l, i);
		break;
	case OP_BRANCH:
		note_jump(l, i);
		break;
	case OP_JUMP:
		if (i->to.kind == OPERAND_IMM && !is_within(l, i))
			pass(l, i, true);
		note_jump(l, i);
		break;
	case OP_RETURN:
		if (!code_is_void(l->w->code, l->f)) {
			struct holding h = get(l, i, REG_RAX);

			moved(l, i, &h);
		}
		break;
	case OP_PUSH:
	case OP_COMPARE:
	case OP_TEST:
		if (i->op != OP_PUSH) /* a look at it */
			(void)(i->to.kind == OPERAND_MEM ? load(l, i, &i->to) : i->from.kind == OPERAND_MEM ? load(l, i, &i->from) : l->now.reg[0]);
		break;
	default:
		break;
	}
}

static bool keeps(enum op op)
{
	return op == OP_MOVE || op == OP_CMOV || op == OP_LEA || op == OP_ADD || op == OP_SUB || op == OP_AND || op == OP_CALL ||
	       op == OP_PUSH;
}

static void forget_written(struct look *l, const struct insn *i)
{
	for (unsigned k = 0; k < 16; k++) {
		bool is_set = keeps(i->op) && (i->op == OP_CALL || i->op == OP_PUSH || (is_word(&i->to) && i->to.reg == k));

		if (i->writes & 1u << k && !is_set && k != REG_RSP)
			l->now.reg[k] = (struct holding){ 0 };
	}
}

/* What a jump carries into a call that other ways come to as well. */
static void carry_on(struct look *l, const struct insn *jump)
{
	uint64_t at = (uint64_t)jump->to.value;
	struct insn i;

	for (unsigned k = 0; k < CARRIED_MOST && is_within(l, jump) && !decode(l->w->code, at, &i); k++, at = i.next) {
		for (unsigned r = 0; i.op == OP_CALL && r < ARGUMENTS; r++)
			if (l->now.fresh & 1u << arguments[r])
				moved(l, &i, &l->now.reg[arguments[r]]);
		if (i.op != OP_MOVE && i.op != OP_LEA)
			break;
		step(l, &i);
		forget_written(l, &i);
	}
}

static void look_along(struct look *l)
{
	bool is_after_jump = false;
	struct insn i;

	l->count = 0;
	memset(&l->now, 0, sizeof(l->now));
	for (unsigned k = 0; k < ARGUMENTS; k++)
		set(l, arguments[k], (struct holding){ .argument = (uint8_t)(k + 1) });
	for (uint64_t at = l->f->start; at < l->f->end && l->count < DEEDS_MOST; at = i.next) {
		if (decode(l->w->code, at, &i)) {
			i.next = at + 1;
			continue;
		}
		is_after_jump = is_after_jump && !comes_from_elsewhere(l, at);
		step(l, &i);
		forget_written(l, &i);
		if (i.op != OP_JUMP && i.op != OP_RETURN && i.op != OP_STOP)
			continue;
		if (i.op == OP_JUMP)
			carry_on(l, &i);
		is_after_jump = true;
		memset(&l->now, 0, sizeof(l->now));
	}
}

/* How far below the caller's frame a function's own begins: as its first instructions say. *reg: the register that leads there. */
static int64_t frame_depth(struct look *l, uint8_t *reg)
{
	int64_t depth = POINTER_SIZE;
	struct insn i;

	*reg = REG_RSP;
	for (uint64_t at = l->f->start; at < l->f->end && !decode(l->w->code, at, &i); at = i.next) {
		if (i.op == OP_CALL || i.op == OP_JUMP || i.op == OP_BRANCH || i.op == OP_RETURN)
			break;
		if (i.op == OP_PUSH)
			depth += POINTER_SIZE;
		if (i.op == OP_SUB && i.to.kind == OPERAND_REG && i.to.reg == REG_RSP && i.from.kind == OPERAND_IMM)
			return depth + i.from.value;
		if (i.op == OP_MOVE && i.to.kind == OPERAND_REG && i.to.reg == REG_RBP && i.from.kind == OPERAND_REG && i.from.reg == REG_RSP) {
			*reg = REG_RBP;
			return depth;
		}
	}
	return depth;
}

static void set_frame(struct look *l)
{
	uint8_t reg;
	int64_t depth = frame_depth(l, &reg);

	for (unsigned k = 0; k < l->pointer_count; k++)
		if (l->pointers[k].is_of_caller) {
			l->pointers[k].reg = reg;
			l->pointers[k].at += depth;
		}
}

const struct deeds *deeds_of(struct work *w, uint64_t address)
{
	const struct function *f = code_function(w->code, address);
	struct deeds *d = w->deeds;
	struct deed *list;
	struct look *l;

	while (d && !(d->function && f && d->function->start == f->start))
		d = d->next;
	if (d)
		return d;
	d = pool_take(&w->model->pool, sizeof(*d));
	if (!f || f->is_system || f->end - f->start > FUNCTION_MOST)
		return d;
	l = w->look = w->look ? w->look : pool_take(&w->model->pool, sizeof(*l));
	memset(l, 0, sizeof(*l));
	l->w = w;
	l->f = f;
	l->image = symbols_image(w->symbols, f->module);
	l->bias = w->model->modules[f->module].bias;
	l->pointer_count = image_pointers(l->image, f->start - l->bias, l->pointers, POINTERS_MOST);
	set_frame(l);
	look_along(l); /* once for what is known where jumps lead back to */
	look_along(l);
	list = pool_array(&w->model->pool, l->count + 1u, sizeof(*list));
	memcpy(list, l->list, l->count * sizeof(*list));
	*d = (struct deeds){ f, list, l->count, w->deeds };
	w->deeds = d;
	return d;
}

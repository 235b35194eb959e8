/* SPDX-License-Identifier: MIT */
/* Class files: reading, and writing one with what is added. The code of methods is class_file_code.c's. */
#include "class_file_code.h"

#include <string.h>

#include "rules.h"

enum { CONSTANT_UTF8 = 1, CONSTANT_LONG = 5, CONSTANT_DOUBLE = 6, CONSTANT_CLASS = 7 };

/* Bytes behind the tag of a constant; 0: unknown. */
static uint32_t constant_size(uint8_t tag)
{
	static const uint8_t sizes[] = {[3] = 4, [4] = 4, [5] = 8, [6] = 8, [7] = 2, [8] = 2, [9] = 4, [10] = 4,
					[11] = 4, [12] = 4, [15] = 3, [16] = 2, [17] = 4, [18] = 4, [19] = 2, [20] = 2};

	return tag < sizeof sizes ? sizes[tag] : 0;
}

static int refuse(struct class_file *c, const char *why)
{
	if (!c->why)
		c->why = why;
	return -1;
}

/* Walks the constant pool and notes where constants are. */
static int read_constants(struct class_file *c, const uint8_t *at, uint32_t *places)
{
	for (uint32_t i = 1; i < c->constants; i++) {
		uint32_t size;

		if (c->end - at < 3)
			return refuse(c, "its constants are cut off");
		places[i] = (uint32_t)(at - c->at);
		if (*at == CONSTANT_UTF8) {
			size = 2u + class_u2(at + 1);
			if (size == 6 && c->end - at > 7 && !memcmp(at + 3, "Code", 4))
				c->utf8_code = (uint16_t)i;
			if (size == 15 && c->end - at > 16 && !memcmp(at + 3, "StackMapTable", 13))
				c->utf8_map = (uint16_t)i;
		} else {
			size = constant_size(*at);
			if (!size)
				return refuse(c, "it has a constant of an unknown kind");
		}
		if (*at == CONSTANT_LONG || *at == CONSTANT_DOUBLE)
			places[++i] = 0;
		if ((size_t)(c->end - at) < 1 + (size_t)size)
			return refuse(c, "its constants are cut off");
		at += 1 + size;
	}
	c->constants_end = at;
	return 0;
}

/* Steps over attributes; 0: they are cut off. */
static const uint8_t *skip_attributes(const struct class_file *c, const uint8_t *at)
{
	if (c->end - at < 2)
		return 0;
	uint32_t count = class_u2(at);

	for (at += 2; count--;) {
		if (c->end - at < 6 || (uint64_t)(c->end - at) - 6 < class_u4(at + 2))
			return 0;
		at += 6 + class_u4(at + 2);
	}
	return at;
}

/* Steps over fields or methods. */
static const uint8_t *skip_members(const struct class_file *c, const uint8_t *at)
{
	if (!at || c->end - at < 2)
		return 0;
	uint32_t count = class_u2(at);

	for (at += 2; at && count--;) {
		if (c->end - at < 6)
			return 0;
		at = skip_attributes(c, at + 6);
	}
	return at;
}

static int read_class(struct class_file *c, const uint8_t *from, size_t size, uint32_t *places)
{
	memset(c, 0, sizeof *c);
	c->at = from;
	c->end = from + size;
	if (size < 24 || class_u4(from) != 0xcafebabe)
		return refuse(c, "it is no class file");
	c->major = class_u2(from + 6);
	if (c->major > CLASS_NEWEST)
		return refuse(c, "its class file version is newer than known");
	if (c->major < 45)
		return refuse(c, "its class file version is older than known");
	c->constants = class_u2(from + 8);
	if (read_constants(c, from + 10, places))
		return -1;
	const uint8_t *at = c->constants_end;
	if (c->end - at < 8)
		return refuse(c, "it is cut off");
	c->flags = class_u2(at);
	c->this_class = class_u2(at + 2);
	if (c->this_class >= c->constants || !places[c->this_class] || from[places[c->this_class]] != CONSTANT_CLASS)
		return refuse(c, "it does not tell its own name");
	uint32_t interfaces = class_u2(at + 6);
	if ((size_t)(c->end - at) < 8 + 2 * (size_t)interfaces)
		return refuse(c, "it is cut off");
	c->fields = at + 8 + 2 * interfaces;
	c->methods = skip_members(c, c->fields);
	c->attributes = skip_members(c, c->methods);
	if (!c->attributes || skip_attributes(c, c->attributes) != c->end)
		return refuse(c, "its members are cut off");
	if (c->flags & 0x0200)
		return refuse(c, "it is an interface");
	return 0;
}

/* The text of a UTF-8 constant; 0: it is none. */
static const uint8_t *utf8(const struct class_file *c, const uint32_t *places, uint32_t index, uint32_t *size)
{
	if (!index || index >= c->constants || !places[index] || c->at[places[index]] != CONSTANT_UTF8)
		return 0;
	*size = class_u2(c->at + places[index] + 1);
	return c->at + places[index] + 3;
}

/* --- what is added to the constant pool --- */

static void add_utf8(struct class_out *o, const char *text)
{
	class_put1(o, CONSTANT_UTF8);
	class_put2(o, (uint32_t)strlen(text));
	class_put(o, text, strlen(text));
}

static uint16_t add_pair(struct class_out *o, uint8_t tag, uint32_t a, uint32_t b, uint16_t *next)
{
	class_put1(o, tag);
	class_put2(o, a);
	class_put2(o, b);
	return (*next)++;
}

/* Adds the names and references; fills c's numbers in `r`. */
static void add_constants(struct class_out *o, const struct class_file *c, struct class_refs *r)
{
	static const char *const texts[] = {CLASS_ID,   "J",      CLASS_TURN, "I",    CLASS_OP, "(Ljava/lang/Object;JII)V",
					    CLASS_MAKE, CLASS_ON, "(Ljava/lang/Object;I)V", "StackMapTable"};
	uint16_t first = c->constants, next = first;

	for (uint32_t i = 0; i < sizeof texts / sizeof *texts; i++, next++)
		add_utf8(o, texts[i]);
	r->text = first;
	r->map = (uint16_t)(first + 9);
	uint16_t id = add_pair(o, 12, first, first + 1u, &next);
	uint16_t turn = add_pair(o, 12, first + 2u, first + 3u, &next);
	uint16_t op = add_pair(o, 12, first + 4u, first + 5u, &next);
	uint16_t make = add_pair(o, 12, first + 6u, first + 8u, &next);
	uint16_t on = add_pair(o, 12, first + 7u, first + 8u, &next);
	r->id = add_pair(o, 9, c->this_class, id, &next);
	r->turn = add_pair(o, 9, c->this_class, turn, &next);
	r->op = add_pair(o, 10, c->this_class, op, &next);
	r->make = add_pair(o, 10, c->this_class, make, &next);
	r->on = add_pair(o, 10, c->this_class, on, &next);
	r->used = next;
}
#define CONSTANTS_ADDED 20u

static void put_member(struct class_out *o, uint32_t flags, uint32_t name, uint32_t type)
{
	class_put2(o, flags);
	class_put2(o, name);
	class_put2(o, type);
	class_put2(o, 0);
}

/* private 2, static 8, transient 0x80, native 0x100, synthetic 0x1000; volatile is not needed for a countdown */
static void put_fields(struct class_out *o, const struct class_file *c, const struct class_refs *r)
{
	class_put2(o, class_u2(c->fields) + 2u);
	class_put(o, c->fields + 2, (size_t)(c->methods - c->fields - 2));
	put_member(o, 0x1082, r->text, r->text + 1u);
	put_member(o, 0x100a, r->text + 2u, r->text + 3u);
}

static void put_natives(struct class_out *o, const struct class_refs *r)
{
	put_member(o, 0x110a, r->text + 4u, r->text + 5u);
	put_member(o, 0x110a, r->text + 6u, r->text + 8u);
	put_member(o, 0x110a, r->text + 7u, r->text + 8u);
}

/* --- methods --- */

/* One type of Java source ("int", "java.lang.Object[]") against one of a descriptor. Returns what follows in the
 * descriptor, 0 if they differ. */
static const uint8_t *same_type(const uint8_t *d, const uint8_t *end, const char *name, uint32_t size)
{
	static const char *const names[] = {"Zboolean", "Bbyte", "Cchar", "Sshort", "Iint", "Jlong", "Ffloat", "Ddouble"};
	uint32_t arrays = 0;

	while (size > 2 && name[size - 2] == '[' && name[size - 1] == ']') {
		size -= 2;
		arrays++;
	}
	for (; d < end && *d == '['; d++)
		if (!arrays--)
			return 0;
	if (arrays || d == end)
		return 0;
	if (*d != 'L') {
		for (uint32_t i = 0; i < sizeof names / sizeof *names; i++)
			if (names[i][0] == *d)
				return strlen(names[i] + 1) == size && !memcmp(names[i] + 1, name, size) ? d + 1 : 0;
		return 0;
	}
	uint32_t i = 0;
	for (d++; d < end && *d != ';'; d++, i++)
		if (i >= size || (name[i] != (char)*d && !(name[i] == '.' && *d == '/')))
			return 0;
	return i == size && d < end ? d + 1 : 0;
}

static int has_parameters(const struct class_hook *h, const uint8_t *d, uint32_t size)
{
	const uint8_t *end = d + size;
	const char *name = h->parameters;

	if (!name)
		return 1;
	if (size < 3 || *d++ != '(')
		return 0;
	const char *names_end = name + h->parameters_size;
	while (name < names_end) {
		const char *comma = memchr(name, ',', (size_t)(names_end - name));
		const char *stop = comma ? comma : names_end;

		d = same_type(d, end, name, (uint32_t)(stop - name));
		if (!d)
			return 0;
		name = comma ? comma + 1 : names_end;
	}
	return d < end && *d == ')';
}

/* "*" is all methods that have an object of their own but constructors. */
static int has_name(const struct class_hook *h, const uint8_t *name, uint32_t size, uint32_t flags)
{
	if (h->method_size == 1 && *h->method == '*')
		return size && *name != '<' && !(flags & 0x508);
	return size == h->method_size && !memcmp(name, h->method, size);
}

/* The hooks of a method, gathered in the order in which they were given. Returns how many, -1: too many. */
static int gather(const struct class_file *c, const uint32_t *places, const uint8_t *method, struct class_hook *hooks,
		  uint32_t count, struct class_hook **to)
{
	uint32_t name_size = 0, type_size = 0;
	const uint8_t *name = utf8(c, places, class_u2(method + 2), &name_size);
	const uint8_t *type = utf8(c, places, class_u2(method + 4), &type_size);
	int n = 0;

	for (uint32_t i = 0; name && type && i < count; i++) {
		if (!has_name(&hooks[i], name, name_size, class_u2(method)) || !has_parameters(&hooks[i], type, type_size))
			continue;
		if (n == CLASS_HOOKS_OF_ONE)
			return -1;
		to[n++] = &hooks[i];
	}
	return n;
}

static int put_code(struct class_out *o, struct class_file *c, struct class_work *w, const uint8_t *code)
{
	size_t start = o->used;

	class_put2(o, class_u2(code));
	class_put4(o, 0);
	if (class_code(o, w, code + 6, class_u4(code + 2)))
		return refuse(c, w->why);
	if (!o->is_full)
		class_set4(o, start + 2, (uint32_t)(o->used - start - 6));
	return 0;
}

/* Writes one method, with calls in it if hooks want that. Returns how many were put in, or -1. */
static int put_method(struct class_out *o, struct class_file *c, struct class_work *w, const uint8_t *method,
		      const uint8_t *end, struct class_hook *hooks, uint32_t count)
{
	struct class_hook *mine[CLASS_HOOKS_OF_ONE];
	int n = gather(c, w->places, method, hooks, count, mine), put = 0;
	const uint8_t *at = method + 8;

	if (n < 0)
		return refuse(c, "too many calls for one method");
	w->flags = class_u2(method);
	if (!n || w->flags & 0x0500) { /* native, abstract: nothing to put it into */
		class_put(o, method, (size_t)(end - method));
		return 0;
	}
	w->hooks = mine;
	w->hook_count = (uint32_t)n;
	w->type = utf8(c, w->places, class_u2(method + 4), &w->type_size);
	uint32_t name_size = 0;
	const uint8_t *name = utf8(c, w->places, class_u2(method + 2), &name_size);
	w->is_constructor = name_size == 6 && !memcmp(name, "<init>", 6);
	class_put(o, method, 8);
	for (uint32_t i = class_u2(method + 6); i; i--) {
		uint32_t size = class_u4(at + 2);

		if (class_u2(at) == c->utf8_code && c->utf8_code) {
			if (put_code(o, c, w, at))
				return -1;
			put = n;
		} else {
			class_put(o, at, 6 + (size_t)size);
		}
		at += 6 + size;
	}
	for (int i = 0; put && i < n; i++)
		mine[i]->found++;
	return put;
}

static int put_methods(struct class_out *o, struct class_file *c, struct class_work *w, struct class_hook *hooks,
		       uint32_t count)
{
	const uint8_t *at = c->methods + 2, *next;
	int put = 0;

	class_put2(o, class_u2(c->methods) + 3u);
	for (uint32_t i = class_u2(c->methods); i; i--, at = next) {
		next = skip_attributes(c, at + 6);
		int n = put_method(o, c, w, at, next, hooks, count);

		if (n < 0)
			return -1;
		put += n;
	}
	put_natives(o, &w->refs);
	return put;
}

/* Somebody put calls of ours in already, or has names like ours. */
static int is_patched(const struct class_file *c, const uint32_t *places)
{
	for (uint32_t i = 1; i < c->constants; i++) {
		uint32_t size;
		const uint8_t *text = utf8(c, places, i, &size);

		if (text && size >= 9 && !memcmp(text, "leakshim$", 9))
			return 1;
	}
	return 0;
}

size_t class_patch(const uint8_t *from, size_t size, struct class_hook *hooks, uint32_t count, uint8_t *to, size_t room,
		   uint32_t *places, const char **why)
{
	struct class_out o = {.at = to, .room = room};
	struct class_file c;
	struct class_work w = {.places = places};
	int put;

	*why = 0;
	for (uint32_t i = 0; i < count; i++)
		hooks[i].found = 0;
	if (read_class(&c, from, size, places)) {
		*why = c.why;
		return 0;
	}
	if (c.constants > 65535u - CONSTANTS_ADDED || class_u2(c.fields) > 65533 || class_u2(c.methods) > 65532) {
		*why = "it has no room for more constants or members";
		return 0;
	}
	if (is_patched(&c, places)) {
		*why = "it has members that are named as ours";
		return 0;
	}
	w.major = c.major;
	w.file = &c;
	class_put(&o, from, 8);
	class_put2(&o, 0);
	class_put(&o, from + 10, (size_t)(c.constants_end - from - 10));
	add_constants(&o, &c, &w.refs);
	if (!o.is_full) {
		to[8] = (uint8_t)(w.refs.used >> 8);
		to[9] = (uint8_t)w.refs.used;
	}
	class_put(&o, c.constants_end, (size_t)(c.fields - c.constants_end));
	put_fields(&o, &c, &w.refs);
	put = put_methods(&o, &c, &w, hooks, count);
	class_put(&o, c.attributes, (size_t)(c.end - c.attributes));
	if (put < 0)
		*why = c.why;
	else if (o.is_full)
		*why = "it is larger than expected";
	return put > 0 && !o.is_full ? o.used : 0;
}

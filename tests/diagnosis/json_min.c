/* SPDX-License-Identifier: MIT */
/* answer: error-path; in parse_object; at the lines between the marks */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum type { NUL, NUM, STR, OBJ };
struct value {
	enum type type;
	union {
		double num;
		char *str;
		struct member *members;
	};
};
struct member {
	struct member *next;
	char *key;
	struct value *value;
};

static struct value *parse_value(const char **p);

static void skip(const char **p)
{
	while (isspace((unsigned char)**p))
		++*p;
}

static void value_free(struct value *v)
{
	if (!v)
		return;
	if (v->type == STR)
		free(v->str);
	if (v->type == OBJ)
		while (v->members) {
			struct member *m = v->members;

			v->members = m->next;
			free(m->key);
			value_free(m->value);
			free(m);
		}
	free(v);
}

static struct value *value_new(enum type type)
{
	struct value *v = calloc(1, sizeof(*v));

	v->type = type;
	return v;
}

static char *parse_string(const char **p)
{
	const char *end;
	char *s;

	if (**p != '"')
		return NULL;
	end = strchr(*p + 1, '"');
	if (!end)
		return NULL;
	s = strndup(*p + 1, (size_t)(end - *p - 1));
	*p = end + 1;
	return s;
}

static struct value *parse_object(const char **p)
{
	struct value *obj = value_new(OBJ);

	for (++*p, skip(p); **p != '}'; skip(p)) {
		struct member *m;
		struct value *v;
		char *key = parse_string(p);

		if (!key)
			goto bad;
		skip(p);
		if (**p != ':') {
			free(key);
			goto bad;
		}
		++*p;
		v = parse_value(p);
		if (!v) { /* <<< */
#ifndef FAULT
			free(key);
#endif
			goto bad;
		} /* >>> */
		m = malloc(sizeof(*m));
		m->key = key;
		m->value = v;
		m->next = obj->members;
		obj->members = m;
		skip(p);
		if (**p == ',')
			++*p;
		skip(p);
	}
	++*p;
	return obj;
bad:
	value_free(obj);
	return NULL;
}

static struct value *parse_value(const char **p)
{
	struct value *v;

	skip(p);
	if (**p == '{')
		return parse_object(p);
	if (**p == '"') {
		char *s = parse_string(p);

		if (!s)
			return NULL;
		v = value_new(STR);
		v->str = s;
		return v;
	}
	if (isdigit((unsigned char)**p)) {
		char *end;

		v = value_new(NUM);
		v->num = strtod(*p, &end);
		*p = end;
		return v;
	}
	return NULL;
}

int main(void)
{
	static const char *const texts[] = {
		"{\"a\": 1, \"b\": \"two\", \"c\": {\"d\": 4}}", "{\"list\": {\"x\": 1, \"y\": ?}}", "{\"k\" 3}", "{\"n\": 12}", "{3}",
	};
	int good = 0;

	for (int i = 0; i < 50; i++) {
		const char *p = texts[i % 5];
		struct value *v = parse_value(&p);

		good += v != NULL;
		value_free(v);
	}
	printf("%d\n", good);
	return 0;
}

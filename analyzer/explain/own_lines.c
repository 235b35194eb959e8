/* SPDX-License-Identifier: MIT */
/* The program's own lines of a stack, and what the C++ library was doing above them. */
#include <string.h>

#include "explain_private.h"
#include "own.h"
#include "own_lines.h"

#define STEPS_MOST 64u

/* All lines of a stack, innermost first, until `visit` says that it has enough. */
static void each_line(struct work *w, uint32_t node,
		      bool (*visit)(void *to, uint32_t node, const struct place *place, const struct frame *f, bool is_own), void *to)
{
	const struct model *m = w->model;

	for (unsigned k = 0; node && m->nodes[node].parent && k < STEPS_MOST; node = m->nodes[node].parent, k++) {
		const struct node *n = &m->nodes[node];
		const struct function *f = n->scope || !n->module || m->modules[n->module].kind == MODULE_SHIM ? NULL : code_function(w->code, n->pc - 1);
		const struct place *place = f ? code_place(w->code, n->pc - 1) : NULL;

		for (unsigned i = 0; place && i < place->count; i++)
			if (!visit(to, node, place, &place->frames[i], !f->is_system && !own_is_library(place, &place->frames[i])))
				return;
	}
}

struct list {
	struct own_line *lines;
	unsigned count, max;
};

static bool add_own(void *to, uint32_t node, const struct place *place, const struct frame *f, bool is_own)
{
	struct list *l = to;

	if (is_own)
		l->lines[l->count++] = (struct own_line){ node, place, f };
	return l->count < l->max;
}

unsigned own_lines(struct work *w, uint32_t node, struct own_line *lines, unsigned max)
{
	struct list l = { lines, 0, max };

	each_line(w, node, add_own, &l);
	return l.count;
}

static bool is_container_name(const char *name)
{
	static const char *const names[] = { "vector<", "deque<", "_Deque_base<", "_Vector_base<", "list<", "_List_base<", "map<", "set<",
					     "_Rb_tree<", "_Hashtable<", "queue<", "stack<", NULL };
	const char *first = strchr(name, '<');

	for (const char *const *n = names; *n && first; n++)
		if ((size_t)(first - name) + 1 >= strlen(*n) && !strncmp(first + 1 - strlen(*n), *n, strlen(*n)))
			return true;
	return false;
}

/* The last part of a name: what is behind its class. */
static const char *method_of(const char *name)
{
	const char *last = name;
	int depth = 0;

	for (const char *at = name; *at && *at != '('; at++) {
		depth += *at == '<' ? 1 : *at == '>' && at > name && at[-1] != '-' ? -1 : 0;
		if (!depth && at[0] == ':' && at[1] == ':')
			last = at + 2;
	}
	return last;
}

static bool is_method(const char *name, const char *const *methods)
{
	const char *method = method_of(name);

	for (const char *const *m = methods; *m; m++)
		if (!strncmp(method, *m, strlen(*m)) && (!method[strlen(*m)] || strchr("(<[ ", method[strlen(*m)])))
			return true;
	return false;
}

bool own_lines_is_shrinking(const char *name)
{
	static const char *const methods[] = { "pop_back", "pop_front", "pop", "erase", "_M_erase", "clear", "resize", "assign", "operator=",
					       "swap", "_M_erase_at_end", "_M_move_assign", "_M_pop_front_aux", "_M_pop_back_aux",
					       "_M_assign_aux", NULL };

	return name && !strncmp(name, "std::", 5) && is_container_name(name) && is_method(name, methods);
}

bool own_lines_may_refuse(const char *name)
{
	static const char *const methods[] = { "emplace", "insert", "try_emplace", "_M_emplace", "_M_insert_unique", "_M_emplace_unique", NULL };

	return name && !strncmp(name, "std::", 5) && is_container_name(name) && (strstr(name, "map<") || strstr(name, "set<") ||
	       strstr(name, "::_Rb_tree<") || strstr(name, "::_Hashtable<")) && !strstr(name, "::multi") && !strstr(name, "::unordered_multi") &&
	       is_method(name, methods);
}

size_t own_lines_element(const char *name, const char **element)
{
	const char *at = name ? strchr(name, '<') : NULL;
	int depth = 0;

	*element = at ? at + 1 : NULL;
	for (at = *element; at && *at && !(depth == 0 && (*at == ',' || *at == '>')); at++)
		depth += *at == '<' ? 1 : *at == '>' ? -1 : 0;
	return at ? (size_t)(at - *element) : 0;
}

struct doing {
	enum library_doing what;
};

static bool note_doing(void *to, uint32_t node, const struct place *place, const struct frame *f, bool is_own)
{
	struct doing *d = to;

	(void)node;
	(void)place;
	if (is_own)
		return false;
	if (!f->function || strncmp(f->function, "std::", 5))
		return true;
	if (d->what == LIBRARY_NOTHING)
		d->what = LIBRARY_OTHER;
	if (is_container_name(f->function))
		d->what = *method_of(f->function) == '~' ? LIBRARY_DESTROYS : d->what == LIBRARY_DESTROYS ? d->what : LIBRARY_REMOVES;
	return true;
}

enum library_doing own_lines_doing(struct work *w, uint32_t node)
{
	struct doing d = { LIBRARY_NOTHING };

	each_line(w, node, note_doing, &d);
	return d.what;
}

static bool find_container(void *to, uint32_t node, const struct place *place, const struct frame *f, bool is_own)
{
	const char **name = to;

	(void)node;
	(void)place;
	if (f->function && !is_own && !strncmp(f->function, "std::", 5) && is_container_name(f->function))
		*name = f->function;
	return !is_own && !*name;
}

const char *own_lines_container(struct work *w, uint32_t node)
{
	const char *name = NULL;

	each_line(w, node, find_container, &name);
	return name;
}

size_t own_lines_class(const char *function)
{
	const char *method = function ? method_of(function) : NULL;

	return method && method > function + 2 ? (size_t)(method - function) - 2 : 0;
}

bool own_lines_is_constructor(const char *function)
{
	size_t class = own_lines_class(function), length = 0;
	const char *method = function ? method_of(function) : NULL, *last;

	if (!class)
		return false;
	length = strcspn(method, "(<");
	for (last = function + class; last > function && last[-1] != ':';)
		last--;
	return length && !strncmp(last, method, length) && (last[length] == ':' || last[length] == '<');
}

bool own_lines_is_destructor(const char *function, const char *of, size_t class)
{
	const char *method = function ? method_of(function) : NULL;

	return method && *method == '~' && own_lines_class(function) == class && !strncmp(function, of, class);
}

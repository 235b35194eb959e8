/* SPDX-License-Identifier: MIT */
#include "written.h"

#include <string.h>

#include "cxx_names.h"
#include "rules.h"

struct search {
	const struct exports *e;
	const struct probe_word *written;
	int is_cxx;
	struct exports_function *found;
	uint32_t count;
};

static int is_cxx(const struct probe_word *w)
{
	for (uint32_t i = 0; i < w->size; i++)
		if (w->at[i] == ':' || w->at[i] == '<' || w->at[i] == '(')
			return 1;
	return 0;
}

static int is_copy(const char *name, const struct probe_word *w)
{
	return strncmp(name, w->at, w->size) == 0 && name[w->size] == '.';
}

static void visit(void *context, const Elf64_Sym *symbol, const char *name, int is_file)
{
	struct search *s = context;

	if (strstr(name, ".cold"))
		return;
	if (is_copy(name, s->written) || (s->is_cxx && cxx_names_match(name, s->written->at, s->written->size)))
		s->count = exports_add(s->e, symbol, name, is_file, s->found, s->count, WRITTEN_MOST);
}

uint32_t written_find(struct exports *e, const struct probe_word *written, int is_users, struct exports_function *found)
{
	struct search s = {e, written, is_cxx(written), found, 0};

	if (!s.is_cxx)
		s.count = exports_find(e, written->at, written->size, found, WRITTEN_MOST);
	if (!is_users || (!s.is_cxx && s.count && !e->is_program))
		return s.count;
	s.is_cxx |= !s.count;
	exports_each(e, visit, &s);
	return s.count;
}

const char *written_unlike(const struct exports_function *found)
{
	static const struct {
		const char *suffix, *why;
	} copies[] = {{".isra.", "a copy that takes other arguments (.isra)"},
		      {".constprop.", "a copy for constant arguments (.constprop)"},
		      {".part.", "partly inlined into its callers (.part)"}};

	for (uint32_t i = 0; found->name && i < sizeof copies / sizeof *copies; i++)
		if (strstr(found->name, copies[i].suffix))
			return copies[i].why;
	return 0;
}

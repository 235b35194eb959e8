/* SPDX-License-Identifier: MIT */
/* Names as a person wrote them: see short.h. */
#include "short.h"

#include <stdbool.h>
#include <string.h>

/* Where the template argument or bracket that begins at `at` ends: at a comma or a closing bracket on its own level. */
static const char *argument_end(const char *at)
{
	unsigned depth = 0;

	for (; *at; at++) {
		if (*at == '<' || *at == '(' || *at == '[' || *at == '{')
			depth++;
		else if (*at == '>' || *at == ')' || *at == ']' || *at == '}') {
			if (!depth)
				return at;
			depth--;
		} else if (*at == ',' && !depth) {
			return at;
		}
	}
	return at;
}

static const char *starts(const char *at, const char *what)
{
	size_t n = strlen(what);

	return strncmp(at, what, n) ? NULL : at + n;
}

/* An argument that a container fills in by itself. */
static bool is_filled_in(const char *at)
{
	static const char *const defaults[] = { "std::allocator<", "std::char_traits<", "std::less<", "std::equal_to<",
						"std::hash<", "std::default_delete<", "(__gnu_cxx::_Lock_policy)",
						"std::__cxx11::basic_string<char, std::char_traits<char>, std::allocator<char> >::_Alloc",
						"alloc::alloc::Global", "std::alloc::Global", "std::hash::random::RandomState", NULL };

	for (const char *const *d = defaults; *d; d++)
		if (starts(at, *d))
			return true;
	return false;
}

static const struct {
	const char *from, *to;
} words[] = {
	{ "std::__cxx11::basic_string<char, std::char_traits<char>, std::allocator<char> >", "std::string" },
	{ "std::__cxx11::basic_string<char, std::char_traits<char>, std::allocator<char>>", "std::string" },
	{ "std::__cxx11::basic_string<char>", "std::string" },
	{ "std::basic_string<char, std::char_traits<char>, std::allocator<char> >", "std::string" },
	{ "std::basic_string<char, std::char_traits<char>, std::allocator<char>>", "std::string" },
	{ "std::__cxx11::basic_string", "std::basic_string" },
	{ "std::__cxx11::", "std::" },
	{ "std::__1::", "std::" },
	{ "[abi:cxx11]", "" },
	{ "(anonymous namespace)::", "" },
};

struct out {
	char *at, *end;
};

static void put(struct out *o, const char *text, size_t n)
{
	while (n-- && o->at < o->end)
		*o->at++ = *text++;
}

/* One piece of the name; returns what follows it. */
static const char *piece(struct out *o, const char *at)
{
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
		const char *rest = starts(at, words[i].from);

		if (rest) {
			put(o, words[i].to, strlen(words[i].to));
			return rest;
		}
	}
	if (*at == ',' && at[1] == ' ' && is_filled_in(at + 2))
		return argument_end(at + 2);
	if (*at == '<' && is_filled_in(at + 1) && *argument_end(at + 1) == '>')
		return argument_end(at + 1) + 1; /* there was nothing else */
	if (*at == ' ' && at[1] == '>' && o->at[-1] != '>') /* "> >" where something was left out */
		return at + 1;
	put(o, at, 1);
	return at + 1;
}

/* <T as Trait>::method: the type says enough. Returns where " as " begins in a name that begins so. */
static const char *as_trait(const char *name)
{
	const char *at = name + 1, *end = argument_end(name + 1);
	unsigned depth = 0;

	for (; at < end; at++) {
		depth += *at == '<';
		depth -= *at == '>' && depth;
		if (!depth && starts(at, " as "))
			return at;
	}
	return NULL;
}

const char *short_name(char *to, size_t size, const char *name)
{
	struct out o = { to, to + size - 1 };
	const char *as = *name == '<' ? as_trait(name) : NULL;

	if (as) {
		const char *end = argument_end(name + 1);

		for (const char *at = name + 1; at < as;)
			at = piece(&o, at);
		name = *end ? end + 1 : end;
	}
	while (*name)
		name = piece(&o, name);
	*o.at = 0;
	return to;
}

/* SPDX-License-Identifier: MIT */
/* Linker names -> names as written in the source: see demangle.h. */
#include <stdlib.h>
#include <string.h>
#include <libiberty/demangle.h>

#include "demangle.h"
#include "model.h"

#define NAME_MAX_LENGTH 8192 /* longer ones are hostile, or useless to a reader */

/* Length without a symbol version (@@GLIBC_2.34) and without a compiler's suffixes. */
static size_t plain_length(const char *name)
{
	static const char *const suffixes[] = { ".isra.", ".part.", ".constprop.", ".cold",
						".lto_priv.", ".llvm.", ".localalias", ".clone." };
	size_t length = name[0] == '@' ? strlen(name) : strcspn(name, "@");

	for (size_t i = 0; i < sizeof(suffixes) / sizeof(*suffixes); i++) {
		const char *at = strstr(name, suffixes[i]);

		if (at && at != name && (size_t)(at - name) < length)
			length = (size_t)(at - name);
	}
	return length;
}

/* Tags of the compiler's are not written in the source: [abi:cxx11]. */
static void drop_tags(char *name)
{
	char *tag = name, *end;

	while ((tag = strstr(tag, "[abi:")) && (end = strchr(tag, ']')))
		memmove(tag, end + 1, strlen(end));
}

const char *demangle(struct pool *p, const char *name)
{
	char *plain, *found;

	plain = pool_text_n(p, name, plain_length(name));
	if (plain[0] != '_' || strlen(plain) > NAME_MAX_LENGTH)
		return plain;
	found = cplus_demangle(plain, DMGL_AUTO | DMGL_ANSI);
	if (!found)
		return plain;
	drop_tags(found);
	plain = pool_text(p, found);
	free(found);
	return plain;
}

/* With its parameters: overloads differ in nothing else. */
static const char *demangle_whole(struct pool *p, const char *name)
{
	size_t length = plain_length(name);
	char *found = NULL;
	const char *whole = name;

	if (strlen(name) <= NAME_MAX_LENGTH)
		found = cplus_demangle(pool_text_n(p, name, length), DMGL_AUTO | DMGL_ANSI | DMGL_PARAMS);
	if (found)
		whole = pool_print(p, "%s%s", found, name + length);
	free(found);
	return whole;
}

void demangle_probes(struct model *m)
{
	for (uint32_t i = 1; i < m->probe_count; i++) {
		const char *linker_name = m->probes[i].symbol;

		m->probes[i].whole = linker_name;
		if (strncmp(linker_name, "_Z", 2))
			continue;
		m->probes[i].whole = demangle_whole(&m->pool, linker_name);
		m->probes[i].symbol = demangle(&m->pool, linker_name);
		for (uint32_t k = 1; k < m->type_count; k++)
			if (m->types[k].release == linker_name)
				m->types[k].release = m->probes[i].symbol;
	}
}

/* SPDX-License-Identifier: MIT */
/* Linker names -> names as written in the source: see demangle.h. */
#include <stdlib.h>
#include <string.h>
#include <libiberty/demangle.h>

#include "demangle.h"

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

const char *demangle(struct pool *p, const char *name)
{
	char *plain, *found;

	plain = pool_text_n(p, name, plain_length(name));
	if (plain[0] != '_' || strlen(plain) > NAME_MAX_LENGTH)
		return plain;
	found = cplus_demangle(plain, DMGL_AUTO | DMGL_ANSI);
	if (!found)
		return plain;
	plain = pool_text(p, found);
	free(found);
	return plain;
}

/* SPDX-License-Identifier: MIT */
/* What following a program told of its blocks: see following.h. */
#include "code.h"
#include "file.h"
#include "following.h"
#include "lives.h"
#include "read.h"
#include "symbols.h"
#include "trace.h"

static uint64_t hash_of(const char *name)
{
	uint64_t hash = 14695981039346656037ull;

	for (; *name; name++)
		hash = (hash ^ (unsigned char)*name) * 1099511628211ull;
	return hash;
}

static unsigned scopes_of(void *context, uint64_t pc, uint64_t *names)
{
	const struct place *place = code_place(context, pc);
	unsigned count = 0;

	if (!place->frames[0].line && place->module && code_line_after(context, pc, pc + 4096, 0)) /* it has lines, this has none */
		return 0;
	for (unsigned k = place->count; k-- > 0 && count < LIVES_SCOPES;)
		if (place->frames[k].function)
			names[count++] = (hash_of(place->frames[k].function) & ~1ull) | place->frames[k].gives_pointer;
	return count;
}

void following_note(const char *path, struct lives *lives)
{
	struct trace_parted parted[TRACE_PARTED_MOST];
	struct read_options how = { .partial = true };
	struct symbols *symbols;
	struct model model;
	struct code *code;

	if (!lives || !lives_found(lives) || read_trace(&model, path, &how))
		return;
	symbols = symbols_open(&model);
	code = code_open(&model, symbols);
	file_note_parted(path, parted, lives_tell(lives, scopes_of, code, parted));
	code_close(code);
	symbols_close(symbols);
	pool_drop(&model.pool);
}

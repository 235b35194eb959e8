/* SPDX-License-Identifier: MIT */
/* Where the code of one function can go on to. */
#include "ways_private.h"

#define PLACES_MAX 512u

static void place_add(uint64_t *places, unsigned *count, uint64_t place)
{
	for (unsigned i = 0; i < *count; i++)
		if (places[i] == place)
			return;
	if (*count < PLACES_MAX)
		places[(*count)++] = place;
}

bool code_goes_on(struct code *c, const char *scope, uint64_t from, uint64_t to)
{
	const struct function *f = code_function(c, from);
	uint64_t places[PLACES_MAX] = { from };
	unsigned count = 1;
	struct insn i;

	for (unsigned k = 0; f && k < count; k++)
		for (uint64_t at = places[k]; at >= f->start && at < f->end && !decode(c, at, &i); at = i.next) {
			if (i.next == to)
				return true;
			if (scope && !place_has(code_place(c, at), scope))
				break;
			if ((i.op == OP_BRANCH || i.op == OP_JUMP) && i.to.kind == OPERAND_IMM)
				place_add(places, &count, (uint64_t)i.to.value);
			if (i.op == OP_JUMP || i.op == OP_RETURN || i.op == OP_STOP)
				break;
		}
	return false;
}

/* SPDX-License-Identifier: MIT */
/* Who keeps a block: see keepers.h. */
#include "keepers.h"

#include "demangle.h"
#include "image.h"
#include "java_place.h"
#include "own.h"
#include "path.h"
#include "words.h"

#include <inttypes.h>

#define WAY_MOST 8u

static uint32_t module_at(const struct model *m, uint64_t address)
{
	for (uint32_t i = 1; i < m->module_count; i++)
		if (address >= m->modules[i].start && address < m->modules[i].end)
			return i;
	return 0;
}

static const char *variable(struct work *w, uint64_t at)
{
	struct pool *p = &w->m->pool;
	uint32_t module = module_at(w->m, at);
	struct image *image = module ? symbols_image(w->s, module) : NULL;
	uint64_t start, address = at - w->m->modules[module].bias;
	const char *name = image ? image_variable(image, address, &start) : NULL;

	if (!name)
		return module ? pool_print(p, "a variable of %s", path_file(w->m->modules[module].path)) : "a variable";
	return address == start ? pool_print(p, "global %s", demangle(p, name))
				: pool_print(p, "global %s, offset %" PRIu64, demangle(p, name), address - start);
}

static const char *root_words(struct work *w, enum root root, uint64_t at)
{
	static const char *const words[] = {
		[ROOT_STACK] = "a stack", [ROOT_REGISTER] = "a register", [ROOT_THREAD_LOCAL] = "a thread-local variable or key",
		[ROOT_MAPPING] = "a mapping of the program's own", [ROOT_KERNEL] = "the kernel", [ROOT_OTHER] = "a root",
	};

	return root == ROOT_GLOBAL ? variable(w, at) : root <= ROOT_OTHER ? words[root] : NULL;
}

static const char *block_words(struct work *w, uint32_t block, uint64_t offset)
{
	struct pool *p = &w->m->pool;
	const char *at = "an unknown place";
	struct stack stack;
	char unnamed[OWN_NAME];
	struct own own;

	stacks_path(&w->path, w->m, w->s, w->m->sites[w->m->blocks[block].site].node);
	stack = stacks_resolve(&w->path, w->m, w->s);
	own = own_frame(&stack);
	if (own.frame)
		at = pool_text(p, own_name(&own, unnamed));
	if (own.frame && own.frame->file)
		at = pool_print(p, "%s (%s:%u)", at, path_file(own.frame->file), own.frame->line);
	return offset ? pool_print(p, "block made in %s, offset %" PRIu64, at, offset) : pool_print(p, "block made in %s", at);
}

unsigned keepers_find(struct work *w, uint32_t block, const char *const **words)
{
	const struct model *m = w->m;
	const char **way = pool_array(&w->m->pool, WAY_MOST, sizeof(*way));
	unsigned count = 0;

	*words = way + WAY_MOST;
	while (m->held && m->held[block] && count < WAY_MOST) {
		uint64_t at = m->held[block] & ((1ull << MODEL_ROOT_SHIFT) - 1);
		enum root root = (enum root)(m->held[block] >> MODEL_ROOT_SHIFT);
		uint32_t next = root ? 0 : work_block_around(w, at);
		const char *text = root ? root_words(w, root, at)
				   : next ? block_words(w, next - 1, at - m->blocks[next - 1].address) : NULL;

		if (!text)
			break;
		way[WAY_MOST - ++count] = text;
		if (root)
			break;
		block = next - 1;
	}
	*words = way + WAY_MOST - count;
	return count;
}

unsigned keepers_find_resource(struct work *w, const struct resource *r, const char *const **words)
{
	struct model *m = w->m;
	const char **way;
	unsigned count = 0;

	if (!r->java)
		return r->block ? keepers_find(w, r->block - 1, words) : 0;
	way = pool_array(&m->pool, WAY_MOST, sizeof(*way));
	for (uint32_t at = r->java->verdict == JAVA_HELD ? r->java->hold : 0; at && count < WAY_MOST; at = m->java_holds[at].next)
		way[WAY_MOST - ++count] = java_hold_words(m, &m->java_holds[at]);
	*words = way + WAY_MOST - count;
	return count;
}

/* SPDX-License-Identifier: MIT */
/* Modules, threads, stacks and sites of one process in the merged trace: see merge.h. */
#include <string.h>

#include "merge_private.h"

#define MODULES_MOST 65535u /* what a frame can name */
#define MODULE_ALIGN 4096u

static uint32_t add_module(struct merge *g, const struct module *from)
{
	uint64_t size = from->end > from->start ? from->end - from->start : 0;
	struct trace_module t = { .start = g->next_address, .path = merge_text(g, from->path), .kind = (uint32_t)from->kind,
				  .build_id_size = from->build_id_size };

	t.end = t.start + (size ? size : 1);
	t.bias = t.start + (from->bias - from->start);
	memcpy(t.build_id, from->build_id, sizeof(t.build_id));
	g->next_address = (t.end + MODULE_ALIGN) / MODULE_ALIGN * MODULE_ALIGN;
	return write_add(&g->to, TRACE_AREA_MODULE, &t, sizeof(t));
}

/* Equal files: by build id, or by path and size where there is none. */
static uint32_t number_module(struct merge *g, const struct module *from)
{
	struct {
		uint64_t size, offset;
		uint32_t kind, path, id_size;
		uint8_t id[20];
	} key = { .size = from->end - from->start, .offset = from->bias - from->start, .kind = (uint32_t)from->kind };
	uint32_t *number;

	memset(key.id, 0, sizeof(key.id));
	key.id_size = from->build_id_size;
	if (key.id_size)
		memcpy(key.id, from->build_id, sizeof(key.id));
	else
		key.path = merge_text(g, from->path);
	number = merge_number(g, &g->modules, &key, offsetof(__typeof__(key), id) + sizeof(key.id));
	if (!*number && g->to.areas[TRACE_AREA_MODULE].count < MODULES_MOST)
		*number = add_module(g, from);
	return *number;
}

static uint32_t module_number(struct merge *g, const struct model *m, uint32_t module)
{
	if (module && !g->module_of[module])
		g->module_of[module] = 1 + number_module(g, &m->modules[module]);
	return module ? g->module_of[module] - 1 : 0;
}

#define THREADS_MOST 65535u

static uint32_t add_thread(struct merge *g, const char *name, bool is_main)
{
	struct trace_thread t = { .tid = 1, .flags = is_main ? TRACE_THREAD_MAIN : 0, .long_name = merge_text(g, name) };

	return write_add(&g->to, TRACE_AREA_THREAD, &t, sizeof(t));
}

uint32_t merge_thread(struct merge *g, const struct model *m, uint32_t thread)
{
	const struct thread *from = &m->threads[thread];
	uint32_t key[2] = { 0, from->main }, *number;

	if (!thread || !from->tid)
		return 0;
	if (!g->thread_of[thread]) {
		key[0] = merge_text(g, from->name);
		number = merge_number(g, &g->threads, key, sizeof(key));
		if (!*number && g->to.areas[TRACE_AREA_THREAD].count < THREADS_MOST)
			*number = add_thread(g, from->name, from->main);
		g->thread_of[thread] = 1 + *number;
	}
	return g->thread_of[thread] - 1;
}

static struct trace_node node_as(struct merge *g, const struct model *m, const struct node *from, uint32_t parent)
{
	const struct module *module = &m->modules[from->module];
	uint32_t number = module_number(g, m, from->module);
	uint64_t pc = from->pc;
	const struct trace_module *to = number ? write_at(&g->to, TRACE_AREA_MODULE, number) : NULL;
	struct trace_node t;

	memset(&t, 0, sizeof(t));
	t.parent = parent;
	if (from->scope) {
		t.where = merge_text(g, from->scope);
		t.flags = TRACE_NODE_SCOPE;
		return t;
	}
	if (to)
		pc = pc - module->bias + to->bias;
	t.where = (pc & ((1ull << TRACE_PC_BITS) - 1)) | (uint64_t)number << TRACE_PC_BITS;
	t.flags = (from->exact ? TRACE_NODE_EXACT : 0) | (from->cut ? TRACE_NODE_CUT : 0);
	return t;
}

static uint32_t number_node(struct merge *g, const struct model *m, uint32_t node, uint32_t parent)
{
	struct trace_node t = node_as(g, m, &m->nodes[node], parent);
	uint32_t *number = merge_number(g, &g->nodes, &t, sizeof(t));

	if (!*number)
		*number = write_add(&g->to, TRACE_AREA_NODE, &t, sizeof(t));
	return *number;
}

/* The root is a node without a parent; what lies deeper than a stack can be hangs on it. */
uint32_t merge_node(struct merge *g, const struct model *m, uint32_t node)
{
	uint32_t way[TRACE_STACK_MAX], depth = 0;

	if (!node)
		return 0;
	while (node && m->nodes[node].parent && !g->node_of[node] && depth < TRACE_STACK_MAX) {
		way[depth++] = node;
		node = m->nodes[node].parent;
	}
	uint32_t at = m->nodes[node].parent && g->node_of[node] ? g->node_of[node] - 1 : g->to.header.root;

	while (depth--) {
		at = number_node(g, m, way[depth], at);
		g->node_of[way[depth]] = 1 + at;
	}
	return at;
}

static struct trace_shared *site_total(struct merge *g, uint32_t site)
{
	struct trace_shared none = { 0 };

	while (g->to.areas[TRACE_AREA_SHARED].count <= site)
		write_add(&g->to, TRACE_AREA_SHARED, &none, sizeof(none));
	return write_at(&g->to, TRACE_AREA_SHARED, site);
}

uint32_t merge_site(struct merge *g, const struct model *m, uint32_t site)
{
	uint32_t node = merge_node(g, m, m->sites[site].node), *number;

	if (!site || !node)
		return 0;
	if (g->site_of[site])
		return g->site_of[site] - 1;
	number = merge_number(g, &g->sites, &node, sizeof(node));
	if (!*number) {
		struct trace_site t = { .node = node, .owner = TRACE_SITE_SHARED };

		*number = write_add(&g->to, TRACE_AREA_SITE, &t, sizeof(t));
	}
	g->site_of[site] = 1 + *number;
	return *number;
}

void merge_sites(struct merge *g, const struct model *m)
{
	for (uint32_t i = 1; i < m->site_count; i++) {
		uint32_t site = merge_site(g, m, i);

		if (!site)
			continue;
		site_total(g, site)->blocks += m->sites[i].ever_blocks;
		site_total(g, site)->bytes += m->sites[i].ever_bytes;
		((struct trace_site *)write_at(&g->to, TRACE_AREA_SITE, site))->peak += m->sites[i].peak;
	}
}

/* SPDX-License-Identifier: MIT */
#include "hooks.h"

#include <dlfcn.h>
#include <link.h>
#include <string.h>

#include "exports.h"
#include "imports.h"
#include "modules.h"
#include "poke.h"
#include "python.h"
#include "loaded.h"
#include "real.h"
#include "resource.h"
#include "settings.h"
#include "sources.h"
#include "tail.h"
#include "thread.h"
#include "thunk.h"
#include "written.h"
#include "rules.h"

#define MODULES 4096u
#define ENTRIES ((uint32_t)RESOURCE_LIBC_PROBE) /* of resource_probes */

struct module {
	const struct link_map *map;
	uintptr_t bias;
	const void *dynamic;
	uint32_t seen; /* the round in which it was met last */
	uint32_t since; /* the round in which it was met first */
};

struct hook hooks[HOOKS_MAX];
void *hooks_slices;
struct hooks_rule hooks_rules[HOOKS_RULES];

void *(*hooks_interposed)(const char *name, void **next);
static struct module modules[MODULES];
static uint32_t modules_used, hooks_used, rules_used;
static uint32_t rules_free, round_now, has_changed;
static const struct link_map *program;
static const struct r_debug *loader;

static int is_same_module(const struct resource_probe *r, const char *library)
{
	return r->library && strcmp(r->library, library) == 0;
}

/* May this entry of a probe line tell of the function at `address`? Each overload and each module has one of its own. */
static int is_free_for(const struct resource_probe *r, const char *library, uintptr_t address)
{
	if (!library)
		return 1;
	if (!is_same_module(r, library) || r->status == TRACE_PROBE_HOOKED || r->status == TRACE_PROBE_LED)
		return 0;
	return !r->address || r->address == address || r->status == TRACE_PROBE_UNLOADED;
}

/* The entry that tells the analyzer about a probe line in a module (0: in none so far). */
static uint32_t status_entry(const struct probe_line *p, const struct probe_source *f, const char *library, uintptr_t address)
{
	for (uint32_t i = 0; i < resource_probes_used; i++) {
		struct resource_probe *r = &resource_probes[i];

		if (r->declared != p)
			continue;
		if (!r->library)
			r->library = library;
		if (is_free_for(r, library, address))
			return i;
	}
	if (resource_probes_used == ENTRIES)
		return ENTRIES;
	struct resource_probe *r = &resource_probes[resource_probes_used];
	r->declared = p;
	r->file = f->name;
	r->library = library;
	r->type = p->type;
	r->status = TRACE_PROBE_NOT_LOADED;
	return resource_probes_used++;
}

static struct hook *hook_at(uintptr_t address, uint32_t module, uint64_t size)
{
	uint32_t unused = 0;

	for (uint32_t i = HOOKS_LOADER + 1; i < hooks_used; i++) {
		if (hooks[i].module && hooks[i].patch.entry == address)
			return &hooks[i];
		if (!hooks[i].module && !unused)
			unused = i;
	}
	if (!unused && hooks_used == HOOKS_MAX)
		return 0;
	struct hook *h = &hooks[unused ? unused : hooks_used++];
	memset(h, 0, sizeof(*h));
	h->patch.entry = address;
	h->module = module + 1;
	h->size = size;
	return h;
}

/* A line of an earlier file (the user's come first) does the same at this function. */
static int is_taken(const struct hook *h, const struct probe_line *p, const struct probe_source *f)
{
	for (uint32_t i = probe_is_after(p) ? h->after : h->before; i; i = hooks_rules[i].next)
		if (hooks_rules[i].declared->verb == p->verb &&
		    strcmp(resource_probes[hooks_rules[i].probe].file, f->name) != 0)
			return 1;
	return 0;
}

/* Where the object is looked for first; the handler goes on only if there may be one. */
static void plan_look(struct hooks_rule *rule, const struct probe_line *p)
{
	static const uint8_t places[] = {4, 3, 2, 1, 5, 6}; /* rdi, rsi... in struct thunk_registers */

	rule->first = p->where.base == PROBE_ARG ? 1u + places[p->where.index] : 0;
	rule->loads = p->where.loads;
	rule->offset = p->where.loads ? p->where.offset[0] : 0;
	rule->is_bare = !p->condition.compare && !probe_begins(p);
}

static int add_rule(struct hook *h, const struct probe_line *p, uint32_t entry)
{
	uint32_t i = rules_free ? rules_free : rules_used + 1, *link;
	uint32_t words = (p->stack_words + 1u) & ~1u;

	if (i >= HOOKS_RULES)
		return -1;
	if (rules_free)
		rules_free = hooks_rules[i].next;
	else
		rules_used++;
	hooks_rules[i].declared = p;
	hooks_rules[i].static_below = sources_types[p->type].static_below;
	hooks_rules[i].probe = entry;
	hooks_rules[i].next = 0;
	plan_look(&hooks_rules[i], p);
	for (link = probe_is_after(p) ? &h->after : &h->before; *link; link = &hooks_rules[*link].next)
		;
	*link = i;
	if (words > h->words)
		h->words = words;
	return 0;
}

static void mark(const struct hook *h, uint32_t status, const char *reason)
{
	for (uint32_t side = 0; side < 2; side++)
		for (uint32_t i = side ? h->after : h->before; i; i = hooks_rules[i].next) {
			resource_probes[hooks_rules[i].probe].status = status;
			resource_probes[hooks_rules[i].probe].reason = reason;
		}
}

static void refuse(uint32_t entry, const char *reason)
{
	resource_probes[entry].status = TRACE_PROBE_REFUSED;
	resource_probes[entry].reason = reason;
}

/* Gives one definition of a probe's function its rule; patching comes when all rules are known. */
static void plan(const struct exports *e, const struct exports_function *found,
		 const struct probe_line *p, const struct probe_source *f, uint32_t module)
{
	uint32_t entry = status_entry(p, f, sources_keep(e->name), found->address);
	const char *unlike = e->has_text_relocations ? "text relocations" : written_unlike(found);
	struct hook *h;

	if (entry == ENTRIES)
		return;
	resource_probes[entry].address = found->address;
	resource_probes[entry].reason = 0;
	if (f->is_users && (strncmp(found->name, p->symbol.at, p->symbol.size) != 0 || found->name[p->symbol.size]))
		resource_probes[entry].symbol = sources_keep(found->name);
	if (unlike) {
		refuse(entry, unlike);
		return;
	}
	h = hook_at(found->address, module, found->size);
	if (!h)
		refuse(entry, "too many functions");
	else if (is_taken(h, p, f))
		refuse(entry, "another probe file names it already");
	else if (add_rule(h, p, entry) != 0)
		refuse(entry, "too many probes");
	if (h) {
		h->symbol = found->symbol;
		h->name = found->name;
		h->is_indirect = found->is_indirect;
	}
}

static void plan_file(struct exports *e, struct probe_source *f, uint32_t module)
{
	struct exports_function found[WRITTEN_MOST];

	for (uint32_t i = f->probe_first; i < f->probe_first + f->probes; i++) {
		const struct probe_line *p = &sources_probes[i];
		const struct probe_type *t = &sources_types[p->type];
		uint32_t count;

		if (!probe_matches(&t->library, e->name))
			continue;
		count = written_find(e, &p->symbol, f->is_users, found);
		for (uint32_t k = 0; k < count; k++)
			plan(e, &found[k], p, f, module);
		if (count == 0 && t->library.size) {
			uint32_t entry = status_entry(p, f, sources_keep(e->name), 0);

			if (entry < ENTRIES)
				resource_probes[entry].status =
					f->is_users ? TRACE_PROBE_MISSING : TRACE_PROBE_ABSENT;
		}
	}
}

/* Leads the modules whose words for imports are filled in: at the start all of them, later those known before, and from glibc
 * 2.41 on new ones too. */
static void lead_importers(const struct hook *h)
{
	struct imports_lead lead = {h->name, (uint32_t)strlen(h->name), h->led_from, (uintptr_t)h->patch.cell};

	for (uint32_t i = 0; i < modules_used; i++) {
		const struct link_map *map = modules[i].map;

		if (map && !strstr(map->l_name, "libleakshim") && !strstr(map->l_name, "/ld-linux"))
			imports_lead(map, &lead);
	}
}

/* When all modules have been met. */
static void lead_all(void)
{
	for (uint32_t i = HOOKS_LOADER + 1; i < hooks_used; i++)
		if (hooks[i].module && hooks[i].led_from && hooks[i].led_since == round_now)
			lead_importers(&hooks[i]);
}

/* Second choice: leads those who import the function to its cell. */
static const char *detour(struct hook *h, struct patch_target *target, const char *reason)
{
	if (!h->symbol)
		return reason;
	if (h->is_indirect) {
		if (round_now > 1) /* what chooses it may not be relocated yet */
			return "chosen at run time (IFUNC), and loaded later";
		target->entry = ((uintptr_t(*)(void))h->patch.entry)();
	}
	if (patch_detour(target, &h->patch))
		return reason;
	if (imports_publish(h->symbol, modules[h->module - 1].bias, (uintptr_t)h->patch.cell)) {
		patch_forget(&h->patch);
		h->patch.cell = 0;
		return reason;
	}
	h->led_from = target->entry;
	h->led_since = round_now;
	return 0;
}

static int is_planned(const struct hook *h, uint32_t module)
{
	return h->module == module + 1 && !h->patch.cell && (h->before || h->after);
}

static struct patch_target target_of(const struct hook *h)
{
	return (struct patch_target){
		.entry = h->patch.entry, .size = h->size, .number = (uint32_t)(h - hooks), .through = h->after != 0};
}

/* Patches at the entry. With `room` also what takes bytes of the neighbourhood. */
static const char *patch_entry(struct exports *e, struct hook *h, int room)
{
	struct patch_target target = target_of(h);

	if (h->is_indirect)
		return "chosen at run time (IFUNC)";
	if (exports_range(e, target.entry, &target.low, &target.high))
		return "outside executable memory";
	if (room)
		target.room = exports_room(e, target.entry, target.high);
	return patch_install(&target, &h->patch);
}

/* The last function of those that still wait. */
static struct hook *last_planned(uint32_t module)
{
	struct hook *last = 0;

	for (uint32_t i = HOOKS_LOADER + 1; i < hooks_used; i++)
		if (is_planned(&hooks[i], module) && !hooks[i].refused && (!last || hooks[i].patch.entry > last->patch.entry))
			last = &hooks[i];
	return last;
}

static void settle(struct hook *h, const char *reason)
{
	struct patch_target target = target_of(h);
	int is_detour = 0;

	if (reason && settings.hooks != SETTINGS_HOOKS_NONE) {
		reason = detour(h, &target, reason);
		is_detour = !reason;
	}
	h->refused = reason;
	mark(h, reason ? TRACE_PROBE_REFUSED : is_detour ? TRACE_PROBE_LED : TRACE_PROBE_HOOKED, reason);
}

static void patch_planned(struct exports *e, uint32_t module)
{
	const char *never = settings.hooks == SETTINGS_HOOKS_NONE  ? "switched off (hooks=none)"
			    : settings.hooks == SETTINGS_HOOKS_GOT ? "not imported through a symbol (hooks=got)"
								   : 0;
	struct hook *h;

	for (uint32_t i = HOOKS_LOADER + 1; i < hooks_used; i++)
		if (is_planned(&hooks[i], module) && !hooks[i].refused && (never || !patch_entry(e, &hooks[i], 0)))
			settle(&hooks[i], never);
	while ((h = last_planned(module)))
		settle(h, patch_entry(e, h, 1));
}

/*
 * GLib before 2.76 carves small objects from slabs of its own, which hides their ends and what they
 * point at. It has a switch for that, which must be set before the first slice is taken.
 */
static void find_slices(struct exports *e)
{
	static const char name[] = "g_slice_set_config";
	struct exports_function found;

	int is_late_for_imports = round_now > 1 && settings.hooks != SETTINGS_HOOKS_ENTRY;

	if (strncmp(e->name, "libglib-2.0.so", 14) == 0 && !is_late_for_imports &&
	    exports_find(e, name, sizeof(name) - 1, &found, 1) && !found.is_indirect)
		hooks_slices = (void *)found.address;
}

/* What stays of a refused hook does no harm: nothing leads to it. */
static void look_at(const struct link_map *map, uint32_t module)
{
	struct exports e;

	python_module(map);
	if (exports_open(&e, map, map == program) != 0)
		return;
	if (!strstr(e.name, "libleakshim")) {
		for (uint32_t i = 0; i < sources_used; i++) {
			struct probe_source *f = &sources[i];

			if (!f->is_users && settings.hooks == SETTINGS_HOOKS_NONE)
				continue;
			if (!f->is_read && sources_concern(f, e.name))
				sources_read(f);
			if (f->probes)
				plan_file(&e, f, module);
		}
		patch_planned(&e, module);
		find_slices(&e);
	}
	exports_close(&e);
}

static void drop_rules(uint32_t *first)
{
	while (*first) {
		uint32_t i = *first;

		*first = hooks_rules[i].next;
		hooks_rules[i].next = rules_free;
		rules_free = i;
	}
}

static void forget(uint32_t module)
{
	for (uint32_t i = HOOKS_LOADER + 1; i < hooks_used; i++) {
		struct hook *h = &hooks[i];

		if (h->module != module + 1)
			continue;
		mark(h, TRACE_PROBE_UNLOADED, 0);
		if (h->patch.cell)
			patch_forget(&h->patch);
		drop_rules(&h->before);
		drop_rules(&h->after);
		memset(h, 0, sizeof(*h));
	}
	python_module_gone(modules[module].map);
	memset(&modules[module], 0, sizeof(modules[module]));
}

/* Notices a module. Returns its number if it is a new one, else MODULES. */
static uint32_t meet(const struct link_map *map)
{
	uint32_t unused = MODULES;

	for (uint32_t i = 0; i < modules_used; i++) {
		struct module *m = &modules[i];

		if (m->map == map && m->bias == map->l_addr && m->dynamic == map->l_ld) {
			m->seen = round_now;
			return MODULES;
		}
		if (!m->map && unused == MODULES)
			unused = i;
	}
	if (unused == MODULES) {
		if (modules_used == MODULES)
			return MODULES;
		unused = modules_used++;
	}
	modules[unused] = (struct module){map, map->l_addr, map->l_ld, round_now, round_now};
	return unused;
}

/* The lists of all namespaces: what dlmopen loaded is in one of its own. */
static const struct r_debug *next_namespace(const struct r_debug *d)
{
	return d->r_version > 1 ? &((const struct r_debug_extended *)d)->r_next->base : 0;
}

/* Names without a library that no module has so far: spelled wrong, most likely. */
static void mark_nowhere(void)
{
	for (uint32_t i = 0; i < resource_probes_used; i++)
		if (resource_probes[i].status == TRACE_PROBE_NOT_LOADED &&
		    !sources_types[resource_probes[i].type].library.size)
			resource_probes[i].status = TRACE_PROBE_MISSING;
}

static int is_new(const struct link_map *map)
{
	for (uint32_t i = 0; i < modules_used; i++)
		if (modules[i].map == map)
			return modules[i].since == round_now;
	return 0;
}

static int defines_malloc(const struct link_map *map)
{
	struct exports_function found;
	struct exports e;
	uint32_t count = 0;

	if (exports_open(&e, map, 0) == 0) {
		count = exports_find(&e, "malloc", 6, &found, 1);
		exports_close(&e);
	}
	return count != 0;
}

/* What a module that looks in its own libraries first shall find beyond them. */
static void *own_function(const char *name, void **next)
{
	if (strcmp(name, "dlopen"))
		return hooks_interposed ? hooks_interposed(name, next) : 0;
	*next = tail_dlopen;
	return (void *)dlopen;
}

/* Modules that come with RTLD_DEEPBIND allocate like all others, but where they bring an allocator of their own. */
static void bind_deep(void)
{
	if (!tail_deep || round_now == 1 || !real.is_glibc)
		return;
	for (const struct link_map *map = loader->r_map; map; map = map->l_next)
		if (is_new(map) && defines_malloc(map))
			return;
	for (const struct link_map *map = loader->r_map; map; map = map->l_next)
		if (is_new(map))
			imports_bind(map, own_function);
}

static void look_at_all(void)
{
	const struct r_debug *d;
	uint32_t before = hooks_used;

	round_now++;
	/* first what is gone, because something new may be in its place */
	for (d = loader; d; d = next_namespace(d))
		for (const struct link_map *map = d->r_map; map; map = map->l_next)
			for (uint32_t i = 0; i < modules_used; i++)
				if (modules[i].map == map && modules[i].bias == map->l_addr &&
				    modules[i].dynamic == map->l_ld)
					modules[i].seen = round_now;
	for (uint32_t i = 0; i < modules_used; i++)
		if (modules[i].map && modules[i].seen != round_now) {
			forget(i);
			has_changed = 1;
		}
	for (d = loader; d; d = next_namespace(d))
		for (const struct link_map *map = d->r_map; map; map = map->l_next) {
			uint32_t module = meet(map);

			if (module != MODULES) {
				look_at(map, module);
				has_changed = 1;
			}
		}
	lead_all();
	bind_deep();
	has_changed |= before != hooks_used;
}

void hooks_modules_changed(void)
{
	has_changed = 0;
	if (loader->r_state == RT_CONSISTENT) {
		poke_begin();
		look_at_all();
		poke_end();
	}
	if (has_changed || loader->r_state != RT_CONSISTENT)
		modules_changed();
	if (has_changed)
		thread_find_key();
	if (has_changed && state.tracing)
		resource_publish();
}

/* The loader calls an empty function when its list changes, for debuggers; we listen there too. */
static void watch_loader(void)
{
	struct hook *h = &hooks[HOOKS_LOADER];
	struct patch_target target = {.entry = loader->r_brk, .size = 1, .number = HOOKS_LOADER};
	const char *reason = "no loader found";

	for (const struct link_map *map = loader->r_map; map; map = map->l_next) {
		struct exports e;

		if (exports_open(&e, map, map == program) != 0)
			continue;
		if (exports_range(&e, target.entry, &target.low, &target.high) == 0) {
			target.room = exports_room(&e, target.entry, target.high);
			reason = patch_install(&target, &h->patch);
			exports_close(&e);
			break;
		}
		exports_close(&e);
	}
	if (reason) {
		struct probe_source source = {.name = "loader"};

		sources_problem(&source, 0, 0, PROBE_WARNING, reason);
	}
}

void hooks_start(const char *list)
{
	hooks_used = HOOKS_LOADER + 1;
	loader = loaded_list();
	program = loader->r_map;
	sources_start(list);
	for (uint32_t i = 0; i < sources_used; i++)
		for (uint32_t k = sources[i].probe_first; sources[i].is_users && k < sources[i].probe_first + sources[i].probes; k++)
			status_entry(&sources_probes[k], &sources[i], 0, 0);
	poke_begin();
	watch_loader();
	look_at_all();
	mark_nowhere();
	poke_end();
	resource_publish();
}

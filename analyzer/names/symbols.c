/* SPDX-License-Identifier: MIT */
/* Addresses -> names: see symbols.h. */
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "demangle.h"
#include "image.h"
#include "languages.h"
#include "perf_map.h"
#include "runtime.h"
#include "symbols.h"

#define FRAMES_MAX 32 /* of inlined calls at one address */

/* Everything known about one address of one module. */
struct spot {
	struct {
		uint64_t place;  /* look-up address, module in the upper 16 bits */
		uint64_t caller; /* the same of its caller, where libc was entered; else 0 */
	} key;
	struct name name;
	const char *linker_name;
	const char *wanted; /* the import that led to an inner function of libc; 0: none */
	const struct place *place; /* 0 until asked for */
	bool is_asked, unwinds;    /* symbols_unwinds */
	UT_hash_handle hh;
};

struct symbols {
	const struct model *model;
	struct pool pool;
	struct image **images; /* by module; 0 until asked for */
	bool *is_system;       /* by module */
	struct perf_map *made; /* code without a file; 0 until asked for */
	bool is_nameless;      /* some of that has no name, and was asked for */
	struct spot *spots;
	struct spot **by_node;
};

uint64_t symbols_hash(uint64_t seed, const void *data, size_t size)
{
	const unsigned char *at = data;
	uint64_t hash = seed ^ 0xcbf29ce484222325ull;

	for (size_t i = 0; i < size; i++)
		hash = (hash ^ at[i]) * 0x100000001b3ull;
	return hash ^ hash >> 29;
}

struct symbols *symbols_open(const struct model *m)
{
	struct symbols *s = pool_regrow(NULL, 1, sizeof(*s));

	memset(s, 0, sizeof(*s));
	s->model = m;
	s->images = pool_array(&s->pool, m->module_count, sizeof(*s->images));
	s->is_system = pool_array(&s->pool, m->module_count, sizeof(*s->is_system));
	for (uint32_t i = 1; i < m->module_count; i++)
		s->is_system[i] = runtime_is_system(&m->modules[i]);
	s->by_node = pool_array(&s->pool, m->node_count, sizeof(*s->by_node));
	return s;
}

void symbols_close(struct symbols *s)
{
	for (uint32_t i = 0; i < s->model->module_count; i++)
		if (s->images[i])
			image_close(s->images[i]);
	HASH_CLEAR(hh, s->spots);
	pool_drop(&s->pool);
	free(s);
}

#define RETURNS_ASKED 256u

/* Where no build-id tells: do calls stand before the addresses that calls were to return to? */
static bool is_other_code(const struct model *m, uint32_t module, struct image *image)
{
	unsigned asked = 0, wrong = 0;

	for (uint32_t i = 1; i < m->node_count && asked < RETURNS_ASKED; i++) {
		const struct node *n = &m->nodes[i];

		if (n->module != module || n->exact || !n->pc || !n->parent)
			continue;
		asked++;
		wrong += !image_returns_to(image, n->pc - m->modules[module].bias);
	}
	return wrong > asked / 2 || (wrong && wrong == asked / 2);
}

static struct image *image_of(struct symbols *s, uint32_t module)
{
	const struct module *of = &s->model->modules[module];

	if (s->images[module])
		return s->images[module];
	s->images[module] = image_open(&s->pool, of);
	if (!of->build_id_size && of->kind != MODULE_JAVA && image_state(s->images[module]) == IMAGE_GOOD &&
	    is_other_code(s->model, module, s->images[module]))
		image_disown(s->images[module]);
	return s->images[module];
}

/* The module's name as far as it is the same after an update: without what follows .so, and
 * none for the program itself, which may be built under another name. */
static uint64_t module_hash(const struct module *module)
{
	const char *version = strstr(module->name, ".so");
	size_t size = version ? (size_t)(version - module->name) : strlen(module->name);

	return symbols_hash(1, module->name, module->kind == MODULE_PROGRAM ? 0 : size);
}

static uint64_t nameless_hash(const struct module *module, uint64_t address)
{
	uint64_t hash = symbols_hash(module_hash(module), module->build_id, module->build_id_size);

	return symbols_hash(hash, &address, sizeof(address));
}

/* For a fingerprint: libc counts by what it exports only, so that its updates, and whether
 * its debug file is installed, change nothing. */
static uint64_t name_hash(struct symbols *s, const struct module *module, const struct spot *spot,
			  uint64_t address)
{
	const char *name = spot->linker_name;
	uint64_t hash = module_hash(module);

	if (runtime_is_system(module)) {
		name = image_symbol(image_of(s, (uint32_t)(module - s->model->modules)), address, true);
		if (!name)
			name = spot->wanted;
		if (!name)
			return hash;
	}
	if (!name)
		return nameless_hash(module, address);
	name = demangle(&s->pool, name);
	return symbols_hash(hash, name, strlen(name));
}

static uint64_t lookup_address(const struct node *node)
{
	return node->exact || !node->pc ? node->pc : node->pc - 1;
}

/* What the caller of a frame wanted to call, if that leads out of its own module. */
static const char *wanted_name(struct symbols *s, const struct node *node)
{
	const struct node *caller = &s->model->nodes[node->parent];
	const struct module *module = &s->model->modules[caller->module];

	if (!caller->module || caller->exact || s->is_system[caller->module])
		return NULL;
	return image_import(image_of(s, caller->module), lookup_address(caller) - module->bias);
}

const struct java_frame *symbols_java(const struct model *m, uint32_t index)
{
	uint32_t frame = m->nodes[index].java;

	return frame && m->java_frames[frame].function ? &m->java_frames[frame] : NULL;
}

static void spot_fill(struct symbols *s, struct spot *spot, const struct node *node)
{
	uint32_t index = node->module;
	const struct module *module = &s->model->modules[index];
	uint64_t address = lookup_address(node) - module->bias;

	if (module->kind == MODULE_JAVA) {
		const struct java_frame *java = symbols_java(s->model, (uint32_t)(node - s->model->nodes));

		spot->name = (struct name){ .text = java ? java->function : NULL, .hash = java ? java->hash : 0 };
		return;
	}
	if (!index) { /* names of such code tell how far a runtime has compiled it, which changes from run to run */
		spot->name.hash = symbols_hash(2, "code without a file", 19);
		if (!s->made)
			s->made = perf_map_open(&s->pool, s->model);
		spot->name.text = perf_map_find(s->made, address);
		return;
	}
	spot->linker_name = image_symbol(image_of(s, index), address, false);
	if (s->is_system[index] && !image_symbol(image_of(s, index), address, true))
		spot->wanted = wanted_name(s, node);
	if (!spot->linker_name)
		spot->linker_name = spot->wanted;
	if (spot->linker_name)
		spot->name.text = demangle(&s->pool, spot->linker_name);
	spot->name.hash = name_hash(s, module, spot, address);
}

static uint64_t place_key(const struct node *node)
{
	return lookup_address(node) | (uint64_t)node->module << 48;
}

static struct spot *spot_of(struct symbols *s, uint32_t index)
{
	const struct node *node = &s->model->nodes[index];
	const struct node *caller = &s->model->nodes[node->parent];
	struct spot *spot = s->by_node[index], made = { .key = { .place = place_key(node) } };

	if (spot)
		return spot;
	if (s->is_system[node->module] && !s->is_system[caller->module])
		made.key.caller = place_key(caller);
	HASH_FIND(hh, s->spots, &made.key, sizeof(made.key), spot);
	if (!spot) {
		spot = pool_take(&s->pool, sizeof(*spot));
		spot->key = made.key;
		spot_fill(s, spot, node);
		HASH_ADD(hh, s->spots, key, sizeof(spot->key), spot);
	}
	s->by_node[index] = spot;
	return spot;
}

const struct name *symbols_name(struct symbols *s, uint32_t node)
{
	return &spot_of(s, node)->name;
}

/* libc describes its functions by names like __GI_setlocale; people know the other one. */
static bool is_inner_name(const char *name, const char *other)
{
	return !strncmp(name, "__", 2) && strncmp(other, "__", 2) != 0;
}

static const struct place *place_java(struct symbols *s, struct place *place, uint32_t index)
{
	const struct java_frame *java = symbols_java(s->model, index);
	struct frame *frame = pool_take(&s->pool, sizeof(*frame));

	if (java)
		*frame = (struct frame){ .function = java->function,
					 .file = java->file,
					 .line = java->line > 0 ? (unsigned)java->line : 0 };
	place->module = &s->model->modules[s->model->nodes[index].module];
	place->frames = frame;
	place->count = 1;
	return place;
}

static const struct place *place_make(struct symbols *s, const struct spot *spot, uint32_t index)
{
	const struct node *node = &s->model->nodes[index];
	const struct module *module = &s->model->modules[node->module];
	struct place *place = pool_take(&s->pool, sizeof(*place));
	struct frame found[FRAMES_MAX] = { { 0 } }, *frames;
	uint64_t address = lookup_address(node) - module->bias;
	const char **name;
	unsigned count = 0;

	place->offset = node->module ? address : lookup_address(node);
	if (module->kind == MODULE_JAVA)
		return place_java(s, place, index);
	s->is_nameless |= !node->module && node->pc && !spot->name.text;
	if (node->module) {
		place->module = module;
		count = image_frames(image_of(s, node->module), address, found, FRAMES_MAX);
	}
	if (!count)
		count = 1;
	name = &found[count - 1].function;
	if (!*name || (spot->name.text && is_inner_name(*name, spot->name.text)))
		*name = spot->name.text;
	frames = pool_array(&s->pool, count, sizeof(*frames));
	memcpy(frames, found, count * sizeof(*frames));
	place->frames = frames;
	place->count = count;
	return place;
}

const struct place *symbols_place(struct symbols *s, uint32_t node)
{
	struct spot *spot = spot_of(s, node);

	if (!spot->place)
		spot->place = place_make(s, spot, node);
	return spot->place;
}

const struct place *symbols_function(struct symbols *s, uint64_t address, const char *name)
{
	struct place *place;
	struct frame *frame;
	uint32_t i = s->model->module_count;

	while (--i > 0 && (address < s->model->modules[i].start || address >= s->model->modules[i].end))
		;
	if (!i)
		return NULL;
	place = pool_take(&s->pool, sizeof(*place));
	frame = pool_take(&s->pool, sizeof(*frame));
	*place = (struct place){ frame, 1, &s->model->modules[i], address - s->model->modules[i].bias };
	if (image_frames(image_of(s, i), place->offset, frame, 1) != 1 || frame->is_inlined)
		*frame = (struct frame){ 0 };
	frame->function = name;
	return place;
}

bool symbols_unwinds(struct symbols *s, uint32_t index)
{
	const struct node *node = &s->model->nodes[index];
	struct spot *spot = spot_of(s, index);

	if (s->model->modules[node->module].kind == MODULE_JAVA)
		return true;
	if (!spot->is_asked) {
		spot->is_asked = true;
		spot->unwinds = node->module && image_unwinds(image_of(s, node->module), lookup_address(node) -
							      s->model->modules[node->module].bias);
	}
	return spot->unwinds;
}

struct image *symbols_image(struct symbols *s, uint32_t module)
{
	return image_of(s, module);
}

static const char *note_of(struct symbols *s, const struct module *module, struct image *image)
{
	const char *unread;

	switch (image_state(image)) {
	case IMAGE_GOOD:
		unread = image_unread(image);
		return unread ? pool_print(&s->pool, "%s: %s", module->path, unread) : NULL;
	case IMAGE_GONE:
		return pool_print(&s->pool,
				  "%s %s: its frames are shown as module+offset", module->path, image_error(image));
	case IMAGE_CHANGED:
		return pool_print(&s->pool,
				  "%s is not the file that was traced (%s): "
				  "its frames are shown as module+offset",
				  module->path, module->build_id_size ? "another build-id" : "other code at the same places");
	default:
		return NULL;
	}
}

/* How code that the program made gets names. */
static const char *name_code(struct symbols *s)
{
	const char *how = languages_names(s->model->languages);

	return pool_print(&s->pool, "some frames lie in code that the program made itself; /tmp/perf-%u.map would name them%s%s",
			  s->model->pid, how ? ": " : "", how ? how : "");
}

uint32_t symbols_notes(struct symbols *s, const char ***notes)
{
	uint32_t count = 0;

	*notes = pool_array(&s->pool, s->model->module_count + 1, sizeof(**notes));
	for (uint32_t i = 1; i < s->model->module_count; i++) {
		const char *note = NULL;

		if (s->images[i])
			note = note_of(s, &s->model->modules[i], s->images[i]);
		if (note)
			(*notes)[count++] = note;
	}
	if (s->is_nameless && s->model->java.status != JAVA_FOLLOWED && perf_map_is_empty(s->made))
		(*notes)[count++] = name_code(s);
	return count;
}

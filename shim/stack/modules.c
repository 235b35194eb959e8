/* SPDX-License-Identifier: MIT */
/* The object files of the process, as far as stacks led through them. */
#include "modules.h"

#include <dlfcn.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/stat.h>

#include "area.h"
#include "loaded.h"
#include "path.h"
#include "readable.h"
#include "state.h"
#include "sys.h"
#include "rules.h"

#define MODULES_MAX 8192u
#define PATH_SIZE 512
#define GO_BUILD_ID 4u /* type of Go's note */
#define OBJECTS_MAX 2048u

/* An object as the loader has it now. */
struct object {
	uintptr_t start, end, bias, header;
	const char *name;
	int is_program;
	const Elf64_Phdr *segments;
	uint32_t segments_used;
};

struct module {
	uintptr_t start, end;
	uint64_t identity;
	uint32_t index;      /* MODULE index, 0: not in the trace */
	uint32_t is_open;    /* mapped now, as far as known */
	uint32_t generation; /* when it was last looked at */
	struct cfi_source source;
};

/* glibc's, from 2.35 on. Looked up, since a reference to it would keep others from starting. */
struct object_found {
	unsigned long long flags;
	void *start, *end;
	const struct link_map *map;
	void *header; /* of the unwind information */
	uint64_t reserved[7];
};
static int (*find_object)(void *, struct object_found *);

static struct {
	uint32_t used;
	char path[PATH_SIZE + 1]; /* scratch, behind the lock */
	struct module module[MODULES_MAX];
} *table;

/* Not wiped by fork: generations must not repeat in the child. */
static uint32_t generations;

/* Program headers behind an ELF head, if there is one; it must lie in the head's own page. */
static int object_head(struct object *o, uintptr_t at)
{
	const Elf64_Ehdr *head = (const Elf64_Ehdr *)at;

	if (at & (READABLE_PAGE - 1) || !at || !readable_word(at) ||
	    memcmp(head->e_ident, ELFMAG, SELFMAG) || head->e_phentsize != sizeof(Elf64_Phdr) ||
	    head->e_phoff + head->e_phnum * sizeof(Elf64_Phdr) > READABLE_PAGE)
		return 0;
	o->segments = (const Elf64_Phdr *)(at + head->e_phoff);
	o->segments_used = head->e_phnum;
	return 1;
}

/* To all that is loaded of it. */
static void object_widen(struct object *o)
{
	for (uint32_t i = 0; i < o->segments_used; i++) {
		uintptr_t low = o->bias + o->segments[i].p_vaddr;

		if (o->segments[i].p_type != PT_LOAD)
			continue;
		if (low < o->start)
			o->start = low & ~(READABLE_PAGE - 1);
		if (low + o->segments[i].p_memsz > o->end)
			o->end = low + o->segments[i].p_memsz;
	}
}

/* Finds the program headers, and the whole image: the loader may have told of one segment. */
static void object_segments(struct object *o)
{
	if (o->is_program) {
		o->segments = (const Elf64_Phdr *)getauxval(AT_PHDR);
		o->segments_used = o->segments ? (uint32_t)getauxval(AT_PHNUM) : 0;
	} else if (!object_head(o, o->start)) {
		object_head(o, o->bias);
	}
	object_widen(o);
}

/* Where libc has no _dl_find_object: the objects as dl_iterate_phdr told of them at the start and at
 * the last change. Two lists take turns, so that a reader is not disturbed by a change. */
static struct loaded_list {
	uint32_t used;
	struct object object[OBJECTS_MAX];
} *lists[2], *list;

static int list_add(struct dl_phdr_info *info, size_t size, void *raw)
{
	struct loaded_list *l = raw;
	struct object *o = &l->object[l->used];

	(void)size;
	if (l->used == OBJECTS_MAX)
		return 1;
	*o = (struct object){.start = UINTPTR_MAX, .bias = info->dlpi_addr, .name = info->dlpi_name,
			     .is_program = !l->used, .segments = info->dlpi_phdr,
			     .segments_used = info->dlpi_phnum};
	for (uint32_t i = 0; i < o->segments_used; i++)
		if (o->segments[i].p_type == PT_GNU_EH_FRAME)
			o->header = o->bias + o->segments[i].p_vaddr;
	object_widen(o);
	l->used += o->start < o->end;
	return 0;
}

/* Takes the loader's lock: called at the start and at changes only. */
static void list_copy(void)
{
	struct loaded_list **next = &lists[list == lists[0]];

	if (find_object)
		return;
	if (!*next)
		*next = area_private(sizeof(**next), 1);
	if (!*next)
		return;
	(*next)->used = 0;
	dl_iterate_phdr(list_add, *next);
	__atomic_store_n(&list, *next, __ATOMIC_RELEASE);
}

static int list_find(uintptr_t pc, struct object *o)
{
	const struct loaded_list *l = __atomic_load_n(&list, __ATOMIC_ACQUIRE);

	for (uint32_t i = 0; l && i < l->used; i++)
		if (pc >= l->object[i].start && pc < l->object[i].end) {
			*o = l->object[i];
			return 1;
		}
	return 0;
}

static int object_find(uintptr_t pc, struct object *o)
{
	struct object_found found;
	const struct link_map *map;

	if (!find_object)
		return list_find(pc, o);
	if (find_object((void *)pc, &found))
		return 0;
	map = found.map;
	*o = (struct object){.start = (uintptr_t)found.start,
			     .end = (uintptr_t)found.end,
			     .header = (uintptr_t)found.header,
			     .bias = map->l_addr,
			     .name = map->l_name,
			     .is_program = !map->l_prev && !map->l_name[0]};
	object_segments(o);
	return 1;
}

static uint64_t note_name(const Elf64_Nhdr *note)
{
	return (note->n_namesz + 3ull) & ~3ull;
}

/* Looks through one note segment for an owner's note of a type. 0: not there. */
static const Elf64_Nhdr *note_in(const unsigned char *at, uint64_t size, const char owner[4], uint32_t type)
{
	while (size >= sizeof(Elf64_Nhdr)) {
		const Elf64_Nhdr *note = (const Elf64_Nhdr *)at;
		uint64_t whole = sizeof(*note) + note_name(note) + ((note->n_descsz + 3ull) & ~3ull);

		if (whole > size)
			return 0;
		if (note->n_type == type && note->n_namesz == 4 && note->n_descsz && !memcmp(note + 1, owner, 4))
			return note;
		at += whole;
		size -= whole;
	}
	return 0;
}

static const Elf64_Nhdr *object_note(const struct object *o, const char owner[4], uint32_t type)
{
	const Elf64_Nhdr *note = 0;

	for (uint32_t i = 0; i < o->segments_used && !note; i++) {
		const Elf64_Phdr *p = &o->segments[i];
		uintptr_t at = o->bias + p->p_vaddr;

		if (p->p_type == PT_NOTE && at >= o->start && at + p->p_memsz <= o->end && p->p_align <= 4)
			note = note_in((const unsigned char *)at, p->p_memsz, owner, type);
	}
	return note;
}

/* Returns its size, 0: there is none. */
static uint32_t object_build_id(const struct object *o, uint8_t id[20])
{
	const Elf64_Nhdr *note = object_note(o, "GNU", NT_GNU_BUILD_ID);
	uint32_t used = !note ? 0 : note->n_descsz < 20 ? note->n_descsz : 20;

	if (note)
		memcpy(id, (const unsigned char *)(note + 1) + note_name(note), used);
	return used;
}

/* The readable segments, first the one with the header. Without program headers none is known,
 * and nothing may be read. */
static void object_source(const struct object *o, struct cfi_source *source)
{
	memset(source, 0, sizeof(*source));
	source->is_go = object_note(o, "Go\0", GO_BUILD_ID) != 0;
	for (uint32_t i = 0; i < o->segments_used; i++) {
		const Elf64_Phdr *p = &o->segments[i];
		struct cfi_range r = {o->bias + p->p_vaddr, o->bias + p->p_vaddr + p->p_memsz};

		if (p->p_type != PT_LOAD || !(p->p_flags & PF_R) || r.high > o->end ||
		    r.low < o->start)
			continue;
		if (source->ranges < CFI_RANGES)
			source->range[source->ranges++] = r;
		if (o->header >= r.low && o->header < r.high) {
			source->range[source->ranges - 1] = source->range[0];
			source->range[0] = r;
			source->header = o->header;
		}
	}
}

static uint64_t hash_bytes(uint64_t hash, const void *bytes, size_t size)
{
	for (const unsigned char *b = bytes; size--; b++)
		hash = (hash ^ *b) * 0x100000001b3ull;
	return hash;
}

/* Two objects at one place are taken for the same one if this is the same. */
static uint64_t object_identity(const struct object *o)
{
	uint8_t id[20];
	uint64_t hash = hash_bytes(0xcbf29ce484222325ull, &o->end, sizeof(o->end));

	hash = hash_bytes(hash, id, object_build_id(o, id));
	hash = hash_bytes(hash, &o->header, sizeof(o->header));
	return hash_bytes(hash, o->name, strlen(o->name));
}

static uint32_t object_kind(const struct object *o)
{
	const char *base = path_file(o->name);
	uintptr_t self = (uintptr_t)&modules_find;

	if (o->is_program)
		return TRACE_MODULE_PROGRAM;
	if (self >= o->start && self < o->end)
		return TRACE_MODULE_SHIM;
	if (!strncmp(base, "libc.so", 7) || !strncmp(base, "libc-2.", 7) || !strncmp(base, "libc.musl-", 10) ||
	    !strncmp(base, "ld-musl-", 8))
		return TRACE_MODULE_LIBC;
	if (!strncmp(base, "ld-linux", 8) || !strncmp(base, "ld-2.", 5))
		return TRACE_MODULE_LOADER;
	if (!strncmp(base, "linux-vdso", 10))
		return TRACE_MODULE_VDSO;
	return TRACE_MODULE_PLAIN;
}

/* The path of an object, made absolute as far as possible. Returns its length. */
static size_t object_path(const struct object *o, char path[PATH_SIZE])
{
	size_t size = strlen(o->name), folder;
	long got;

	if (o->is_program) {
		got = sys_call6(SYS_readlinkat, AT_FDCWD, (long)"/proc/self/exe", (long)path,
				PATH_SIZE, 0, 0);
		return got > 0 ? (size_t)got : 0;
	}
	if (size >= PATH_SIZE)
		return 0;
	if (o->name[0] != '/' && strchr(o->name, '/')) {
		got = sys_call3(SYS_getcwd, (long)path, PATH_SIZE, 0);
		folder = got > 1 ? (size_t)got - 1 : 0;
		if (folder && folder + 1 + size < PATH_SIZE) {
			path[folder] = '/';
			memcpy(path + folder + 1, o->name, size);
			return folder + 1 + size;
		}
	}
	memcpy(path, o->name, size);
	return size;
}

/* Writes the entry in the trace. Returns its index, 0: no space. */
static uint32_t object_record(const struct object *o)
{
	char *path = table->path;
	size_t size = object_path(o, path);
	uint32_t index = area_take(TRACE_AREA_MODULE, 1);
	struct trace_module *m;
	struct stat file;

	if (!index || index > UINT16_MAX)
		return 0;
	m = state_module(index);
	path[size] = 0;
	m->start = o->start;
	m->bias = o->bias;
	m->loaded_us = state_now();
	m->kind = object_kind(o);
	m->path = size ? area_text(path, size) : 0;
	m->build_id_size = object_build_id(o, m->build_id);
	if (path[0] == '/' && !sys_call6(SYS_newfstatat, AT_FDCWD, (long)path, (long)&file, 0, 0, 0)) {
		m->device = file.st_dev;
		m->inode = file.st_ino;
	}
	__atomic_store_n(&m->end, o->end, __ATOMIC_RELEASE);
	return index;
}

static void module_close(struct module *m)
{
	if (m->index)
		state_module(m->index)->unloaded_us = state_now() | 1;
	m->is_open = 0;
}

/* An object that was here before and has come back keeps its entry: programs that load and unload
 * one library for ever do not fill the trace. */
static struct module *module_reopen(const struct object *o, uint64_t identity)
{
	for (uint32_t i = 0; i < table->used; i++) {
		struct module *m = &table->module[i];

		if (m->is_open || m->start != o->start || m->identity != identity)
			continue;
		if (m->index)
			state_module(m->index)->unloaded_us = 0;
		m->is_open = 1;
		return m;
	}
	return NULL;
}

static struct module *module_append(const struct object *o, uint64_t identity)
{
	struct module *m = NULL;

	if (table->used < MODULES_MAX)
		m = &table->module[table->used++];
	for (uint32_t i = 0; i < table->used && !m; i++)
		if (!table->module[i].is_open)
			m = &table->module[i];
	if (!m)
		return NULL;
	m->index = object_record(o);
	m->start = o->start;
	m->end = o->end;
	m->identity = identity;
	m->is_open = 1;
	object_source(o, &m->source);
	return m;
}

/* The entry of an object, made if need be; entries that it overlaps are closed. */
static struct module *module_enter(const struct object *o, uint32_t generation)
{
	struct module *m, *found = NULL;
	uint64_t identity = 0;

	for (uint32_t i = 0; i < table->used; i++) {
		m = &table->module[i];
		if (!m->is_open || m->end <= o->start || m->start >= o->end)
			continue;
		if (m->generation == generation && m->start == o->start)
			return m;
		if (!identity)
			identity = object_identity(o);
		if (m->start == o->start && m->identity == identity)
			found = m;
		else
			module_close(m);
	}
	if (!found && !identity)
		identity = object_identity(o);
	if (!found)
		found = module_reopen(o, identity);
	if (!found)
		found = module_append(o, identity);
	if (found)
		found->generation = generation;
	return found;
}

uint32_t modules_find(uintptr_t pc, struct cfi_source *source)
{
	struct object o;
	struct module *m;
	uint32_t index = 0;

	memset(source, 0, sizeof(*source));
	if (!table || !object_find(pc, &o))
		return 0;
	state_lock(&modules_state.lock);
	m = module_enter(&o, modules_state.generation);
	if (m) {
		*source = m->source;
		index = m->index;
	} else {
		object_source(&o, source);
	}
	state_unlock(&modules_state.lock);
	return index;
}

/* The entries whose object is not there any more are closed now, the others are looked at
 * again when a stack leads through them. */
static void table_sweep(void)
{
	struct object o;

	for (uint32_t i = 0; i < table->used; i++) {
		struct module *m = &table->module[i];

		if (m->is_open &&
		    (!object_find(m->start, &o) || o.start != m->start || o.end != m->end))
			module_close(m);
	}
}

void modules_changed(void)
{
	if (!state.tracing || !table)
		return;
	list_copy();
	state_lock(&modules_state.lock);
	table_sweep();
	__atomic_store_n(&modules_state.generation, __atomic_add_fetch(&generations, 1, __ATOMIC_RELAXED),
			 __ATOMIC_RELEASE);
	state_unlock(&modules_state.lock);
}

int modules_start(void)
{
	if (!table)
		table = area_private(sizeof(*table), 1);
	if (!table)
		return -ENOMEM;
	if (!find_object)
		find_object = (int (*)(void *, struct object_found *))loaded_next("_dl_find_object");
	list_copy();
	modules_state.generation = __atomic_add_fetch(&generations, 1, __ATOMIC_RELAXED);
	return 0;
}

/* SPDX-License-Identifier: MIT */
/* Which Python code made watched blocks: what is kept of it in the trace. Laws in python.h. */
#include "python.h"

#include <string.h>

#include "area.h"
#include "loaded.h"
#include "note.h"
#include "python_private.h"
#include "release.h"
#include "settings.h"
#include "rules.h"

#define HEADS 4096u
#define KNOWN (1u << 16) /* places of the table of what is known */
#define ELEMENTS_MOST (1u << 15)
#define FAILURES_MOST 8u

struct known {
	uint64_t hash; /* 0: nothing */
	uint32_t value; /* TEXT or PYTHON index */
};

struct tables {
	struct known known[KNOWN];
	uint32_t sites[HEADS], blocks[HEADS]; /* the newest SEEN and BLOCK elements, by hash */
	unsigned char living[HEADS];          /* BLOCK elements of sites, by hash */
	uint16_t looks[HEADS];                /* the same: watched blocks */
};

/* A fork wipes this. */
struct python_part {
	struct tables *tables;
	uint32_t lock;
	uint32_t unused; /* BLOCK elements, a list */
	uint32_t known;  /* places in use */
	uint32_t failures, successes;
	uint32_t is_told; /* why not */
	uint32_t credit, earned; /* looks that may still be made; when some were added last */
};
#define python_state STATE_PART(python)
STATE_PART_FITS(python);

/* Not wiped by a fork. */
static uint32_t is_there;
static const struct link_map *home;
static const char *refusal;
static unsigned long version;

AREA_ELEMENT(element, trace_python, PYTHON)

static uint64_t mix(uint64_t hash, uint64_t word)
{
	hash = (hash ^ word) * 0x9e3779b97f4a7c15ull;
	return hash ^ hash >> 29;
}

static uint64_t mix_text(uint64_t hash, const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++)
		hash = mix(hash, (unsigned char)text[i]);
	return hash;
}

/* The place of what has this hash, or where it may be put; 0: the table is full. */
static struct known *known_at(uint64_t hash)
{
	struct known *known = python_state.tables->known;

	for (uint32_t i = (uint32_t)hash;; i++) {
		struct known *k = &known[i & (KNOWN - 1)];

		if (k->hash == hash)
			return k;
		if (!k->hash)
			return python_state.known < KNOWN / 4 * 3 ? k : 0;
	}
}

static uint32_t know(struct known *k, uint64_t hash, uint32_t value)
{
	if (value && !k->hash) {
		python_state.known++;
		k->hash = hash;
		k->value = value;
	}
	return value;
}

static uint32_t take(enum trace_python_kind kind, const struct trace_python *from)
{
	if (state.ending || state.header->areas[TRACE_AREA_PYTHON].used >= ELEMENTS_MOST)
		return 0;
	uint32_t i = area_take(TRACE_AREA_PYTHON, 1);
	if (!i)
		return 0;
	*element(i) = *from;
	__atomic_store_n(&element(i)->kind, kind, __ATOMIC_RELEASE);
	return i;
}

/* The TEXT index of a string, which is there once. */
static uint32_t text_of(const char *text, size_t length)
{
	uint64_t hash = mix_text(1, text, length) | 1;
	struct known *k = length ? known_at(hash) : 0;

	if (!k || k->hash)
		return k ? k->value : 0;
	return know(k, hash, area_text(text, length));
}

static uint32_t string_of(uintptr_t object)
{
	char text[2048];

	return text_of(text, python_string(object, text, sizeof text));
}

/* What is said of code, once: `hash` is that of what it follows from. */
static uint32_t remembered(uint64_t hash, uint32_t (*find)(const struct python_frame *f), const struct python_frame *f)
{
	struct known *k = known_at(hash |= 1);

	if (k && k->hash)
		return k->value;
	uint32_t value = find(f);
	k = known_at(hash); /* the table has grown meanwhile */
	return k ? know(k, hash, value) : value;
}

static uint32_t find_name(const struct python_frame *f)
{
	return string_of(f->name);
}

static uint32_t find_file(const struct python_frame *f)
{
	return string_of(f->file);
}

static uint32_t find_line(const struct python_frame *f)
{
	return (uint32_t)python_line(f);
}

/* The FRAME of a place in Python code that was called from `outer`. 0: there is no room, or it has no name. */
static uint32_t frame_named(const struct python_frame *f, uint64_t code, uint32_t outer)
{
	struct trace_python new = {.stack = outer, .name = remembered(mix(code, 1), find_name, f),
				   .file = remembered(mix(code, 2), find_file, f),
				   .line = remembered(mix(mix(code, 3), (uint32_t)f->at), find_line, f),
				   .flags = f->is_entry ? TRACE_PYTHON_ENTRY : 0};
	uint64_t hash = mix(mix(mix(mix(mix(3, outer), new.name), new.file), new.line), new.flags) | 1;
	struct known *k = new.name ? known_at(hash) : 0;

	if (!k || k->hash)
		return k ? k->value : 0;
	return know(k, hash, take(TRACE_PYTHON_FRAME, &new));
}

/* The FRAME of the innermost one of them. Code that took the place of other code has another first line or file. */
static uint32_t frame_of(struct python_frame *frames, int count)
{
	uint64_t codes[TRACE_PYTHON_KEPT], hash = 2;
	uint32_t stack = 0;

	for (int i = count; i-- > 0;) {
		codes[i] = mix(mix(frames[i].code, frames[i].file), (uint32_t)frames[i].first);
		hash = mix(hash, codes[i] + (uint64_t)frames[i].at * 2 + frames[i].is_entry);
	}
	struct known *k = known_at(hash |= 1);
	if (!k || k->hash)
		return k ? k->value : 0;
	for (int i = count; i-- > 0;)
		if (python_code(&frames[i]) || !(stack = frame_named(&frames[i], codes[i], stack)))
			return 0;
	k = known_at(hash); /* names were put into the table meanwhile */
	return k ? know(k, hash, stack) : stack;
}

static void refuse(const char *why)
{
	char text[160], number[24];
	const char *end = text + sizeof text;

	if (__atomic_exchange_n(&python_state.is_told, 1, __ATOMIC_RELAXED))
		return;
	char *at = note_put(text, end, "Python ");
	at = note_put(at, end, note_number(number, (long)(version >> 24)));
	at = note_put(at, end, ".");
	at = note_put(at, end, note_number(number, (long)(version >> 16 & 255)));
	at = note_put(at, end, ": ");
	if (!version)
		at = text;
	at = note_put(at, end, why);
	struct trace_python new = {.name = area_text(text, (size_t)(at - text))};
	if (new.name)
		take(TRACE_PYTHON_REFUSED, &new);
}

/* The stack of the calling thread: a FRAME, 0: none. */
static uint32_t stack_of_thread(void)
{
	struct python_frame frames[TRACE_PYTHON_KEPT];
	int count = python_frames(frames, TRACE_PYTHON_KEPT);

	if (count < 0) {
		if (++python_state.failures >= FAILURES_MOST && !python_state.successes)
			refuse("its frames look otherwise than they should");
		return 0;
	}
	python_state.successes |= count > 0;
	return count > 0 ? frame_of(frames, count) : 0;
}

static void count_seen(uint32_t site, uint32_t stack)
{
	uint32_t *head = &python_state.tables->sites[site % HEADS], i, stacks = 0, others = 0;

	for (i = *head; i && (element(i)->site != site || element(i)->stack != stack); i = element(i)->next) {
		stacks += element(i)->site == site;
		if (element(i)->site == site && !element(i)->stack)
			others = i;
	}
	if (!i && stacks >= TRACE_PYTHON_STACKS - 1) {
		i = others;
		stack = 0;
	}
	if (!i) {
		struct trace_python new = {.stack = stack, .site = site, .next = *head};

		if (!(i = take(TRACE_PYTHON_SEEN, &new)))
			return;
		*head = i;
	}
	__atomic_store_n(&element(i)->count, element(i)->count + 1, __ATOMIC_RELEASE);
}

static uint32_t *head_of(uintptr_t address)
{
	return &python_state.tables->blocks[mix(5, address) % HEADS];
}

static void keep_block(uint32_t site, uint32_t stack, uintptr_t address, uint32_t time)
{
	uint32_t *head = head_of(address), i = python_state.unused;
	unsigned char *living = &python_state.tables->living[site % HEADS];
	struct trace_python new = {.stack = stack, .site = site, .line = time, .next = *head, .count = address};

	if (*living >= PYTHON_LIVING)
		return;
	if (i) {
		python_state.unused = element(i)->next;
		*element(i) = new;
		__atomic_store_n(&element(i)->kind, TRACE_PYTHON_BLOCK, __ATOMIC_RELEASE);
	} else if (!(i = take(TRACE_PYTHON_BLOCK, &new))) {
		return;
	}
	++*living;
	*head = i;
}

/* Has it been enough of this site, or of all? A block that may be the only one of its site is looked at if there is credit to
 * spare. Counts that threads lose to each other do no harm. */
static int is_passed_over(uint32_t site, uint32_t time, int is_wanted)
{
	struct tables *t = python_state.tables;
	uint32_t now = time / PYTHON_EARN_US, earned = now - python_state.earned;

	if (!t || settings.watch_all || thread_focus.on)
		return 0;
	uint32_t looks = t->looks[site % HEADS]++;
	if (looks >= PYTHON_FIRST && looks % PYTHON_EACH)
		return 1;
	if (earned) {
		uint32_t credit = python_state.credit;

		python_state.earned = now;
		python_state.credit = earned < PYTHON_CREDIT - credit ? credit + earned : PYTHON_CREDIT;
	}
	if (python_state.credit <= (is_wanted ? 0 : PYTHON_CREDIT / 2))
		return 1;
	python_state.credit--;
	return 0;
}

static void made(uint32_t site, uintptr_t address, uint32_t time, uint32_t before)
{
	if (!is_there || python_state.is_told || is_passed_over(site, time, address || before))
		return;
	state_lock(&python_state.lock);
	if (!python_state.tables) {
		python_state.tables = area_private(sizeof *python_state.tables, 1);
		python_state.credit = PYTHON_CREDIT;
	}
	uint32_t stack = python_state.tables && !refusal ? stack_of_thread() : 0;
	if (stack) {
		count_seen(site, stack);
		if (address)
			keep_block(site, stack, address, time);
	}
	if (refusal)
		refuse(refusal);
	state_unlock(&python_state.lock);
}

static void gone(uint32_t site, uintptr_t address)
{
	if (!python_state.tables || !python_state.tables->living[site % HEADS] || !__atomic_load_n(head_of(address), __ATOMIC_RELAXED))
		return;
	state_lock(&python_state.lock);
	for (uint32_t *at = head_of(address); *at; at = &element(*at)->next) {
		uint32_t i = *at;
		struct trace_python *e = element(i);

		if (e->count != address)
			continue;
		__atomic_store_n(&e->kind, TRACE_PYTHON_NONE, __ATOMIC_RELEASE);
		--python_state.tables->living[e->site % HEADS];
		*at = e->next;
		e->next = python_state.unused;
		python_state.unused = i;
		break;
	}
	state_unlock(&python_state.lock);
}

void python_module(const struct link_map *map)
{
	const unsigned long *of = loaded_in(map, "Py_Version");
	void *runtime = loaded_in(map, "_PyRuntime"), *current = loaded_in(map, "_PyThreadState_UncheckedGet");
	void *own = loaded_in(map, "PyGILState_GetThisThreadState");

	if (is_there || !runtime || !own)
		return;
	if (!current)
		current = loaded_in(map, "PyThreadState_GetUnchecked");
	home = map;
	version = of ? *of : 0;
	refusal = of ? python_layout_of(&python_runtime.layout, version, (uintptr_t)runtime) : "frames of Python before 3.11 are not known";
	python_runtime.code_type = (uintptr_t)loaded_in(map, "PyCode_Type");
	python_runtime.string_type = (uintptr_t)loaded_in(map, "PyUnicode_Type");
	python_runtime.bytes_type = (uintptr_t)loaded_in(map, "PyBytes_Type");
	memcpy(&python_runtime.current, &current, sizeof current);
	memcpy(&python_runtime.own, &own, sizeof own);
	release_upper.gone = gone;
	release_upper.made = made;
	__atomic_store_n(&is_there, 1, __ATOMIC_RELEASE);
}

void python_module_gone(const struct link_map *map)
{
	if (is_there && map == home)
		__atomic_store_n(&is_there, 0, __ATOMIC_RELEASE);
}

/* SPDX-License-Identifier: MIT */
/* A report as a row of entries: see entry.h. */
#include "entry.h"

#include <inttypes.h>
#include <string.h>

#include "own.h"
#include "path.h"
#include "words.h"

#define MISMATCH CLASSES

const struct rule entry_rules[ENTRY_RULES] = {
	[CLASS_DEFINITE] = { "definite", "DefiniteLeak", "Nothing points at this memory any more.",
		"The last pointer to what was made here is gone, so nobody can release it any more. Release it before the pointer "
		"is lost: look at the ways out of the function that holds it, error paths first.", "error" },
	[CLASS_INDIRECT] = { "indirect", "IndirectLeak", "Only another leak points at this memory.",
		"It goes when the leak that it hangs on is mended and releases what it owns.", "warning" },
	[CLASS_POSSIBLE] = { "possible", "PossibleLeak", "Only pointers into its middle are left.",
		"Something points into it, nothing at its beginning. Some programs hold memory that way on purpose.", "warning" },
	[CLASS_HELD] = { "held", "ReferenceLeak", "Still reachable, but its count says that someone forgot a release.",
		"More references were taken than there are pointers to it. The balance of retains and releases names the places: "
		"one of the retains has no release.", "error" },
	[CLASS_IN_FLIGHT] = { "in-flight", "InFlight", "Young, and on its way when the program ended.",
		"It was made shortly before the end. Let the program finish or drain its work before it ends.", "note" },
	[CLASS_REACHABLE] = { "reachable", "StillReachable", "Something still points at it.",
		"It could still be released. If it only ever grows, whatever keeps it (a cache, a queue, a table) needs a limit.", "note" },
	[CLASS_UNCLASSIFIED] = { "unclassified", "UnclassifiedMemory", "Alive, and nobody looked whether it can be reached.",
		"No reachability scan was made: the program was killed, or could not be scanned. A snapshot of the living program "
		"tells what is lost.", "warning" },
	[CLASS_RUNTIME] = { "runtime", "RuntimeMemory", "Kept for good by a runtime, by design.",
		"The C library, the loader or a language's runtime made it for itself. Nothing to do.", "note" },
	[CLASS_IGNORED] = { "ignored", "IgnoredMemory", "The program or a suppression said that it is no leak.", "Nothing to do.", "note" },
	[MISMATCH] = { "mismatch", "MismatchedRelease", "Memory of one allocator was released by another's function.",
		"Release memory of new by delete, of new[] by delete[], of malloc by free.", "error" },
	[CLASSES + WRONG_RELEASED_AGAIN] = { "released-again", "DoubleRelease", "Released after its end.",
		"One owner too many releases it. Either a retain is missing, or one of the two releases is wrong.", "error" },
	[CLASSES + WRONG_RETAINED_ENDED] = { "retained-after-end", "UseAfterRelease", "Retained after its end.",
		"It was used after its last reference had gone: take a reference before the last one is given back.", "error" },
	[CLASSES + WRONG_FREED_HELD] = { "freed-while-held", "FreedWhileHeld", "Freed while others still held it.",
		"Its count was above one when its memory was given back. Give the reference back instead of freeing.", "error" },
	[CLASSES + WRONG_MISMATCHED] = { "mismatched-release", "WrongRelease", "Released by a function of another type.",
		"Call the release function that belongs to the type.", "error" },
	[ENTRY_MISTAKE] = { "mistake", "MemoryMistake", "Something was done to memory that is wrong.",
		"The message says what, and the stacks where.", "error" },
	[CLASSES + WRONG_FREED_TWICE] = { "freed-twice", "DoubleFree", "Memory was freed that had been freed before.",
		"One owner too many frees it. Set the pointer to null where it is freed first, or let one place own the memory.", "error" },
	[CLASSES + WRONG_FREED_INSIDE] = { "freed-inside", "InvalidFreeInside", "A pointer into the middle of a block was freed.",
		"Free the pointer that malloc returned: keep it apart from one that moves on.", "error" },
	[CLASSES + WRONG_FREED_STACK] = { "freed-stack", "InvalidFreeStack", "Memory of the stack was freed.",
		"A local variable or alloca's memory goes by itself: take the free out, or allocate it.", "error" },
	[CLASSES + WRONG_FREED_STATIC] = { "freed-static", "InvalidFreeStatic", "A variable or a constant was freed.",
		"It was never allocated: take the free out, or make a copy on the heap.", "error" },
	[CLASSES + WRONG_FREED_FOREIGN] = { "freed-foreign", "InvalidFreeForeign", "Memory was freed that malloc never handed out.",
		"It is of a mapping or an allocator of its own: give it back there, by munmap or what that allocator has.", "error" },
	[CLASSES + WRONG_RACED] = { "raced", "CountRace", "Two threads changed its count at once, and a change was lost.",
		"Change the count atomically, or under a lock that all threads take.", "error" },
	[ENTRY_OVERDUE] = { "overdue", "OverdueMemory", "Kept far longer than others from there live, while more of it comes.",
		"Whoever holds it may have forgotten to let go: look at what holds the oldest one, and where it takes things out "
		"again. A cache or a table needs a limit.", "warning" },
	[ENTRY_GROWTH] = { "growth", "GrowthLimit", "A living process grows faster than it is allowed to.",
		"Look at the overdue groups and the leaks of the same report: the place named made most of what came.", "error" },
};

struct maker {
	struct pool pool;
	const struct report *report;
	const char *root;
};

static const char *utf8(struct maker *k, const char *text)
{
	return text ? words_utf8(&k->pool, text) : NULL;
}

/* Compilers are given names like tests/../parse.c; readers look for parse.c. */
static const char *without_dots(struct maker *k, const char *path)
{
	char *plain, *end;

	if (!path || *path != '/' || !strstr(path, "/."))
		return path;
	plain = end = pool_take(&k->pool, strlen(path) + 1);
	while (*path) {
		size_t part = 1 + strcspn(path + 1, "/");

		if (part == 3 && !strncmp(path, "/..", 3))
			while (end > plain && *--end != '/')
				;
		else if (part > 1 && !(part == 2 && path[1] == '.'))
			end = mempcpy(end, path, part);
		path += part;
	}
	*end = 0;
	return plain;
}

static const char *below(const char *root, const char *path)
{
	size_t length = root ? strlen(root) : 0;

	return length && !strncmp(path, root, length) && path[length] == '/' ? path + length + 1 : NULL;
}

static struct spot spot_of(struct maker *k, const char *file, unsigned line, const char *function)
{
	file = without_dots(k, file);
	const char *relative = file ? below(k->root, file) : NULL;
	struct spot spot = { .function = utf8(k, function) };

	if (file) {
		spot.file = utf8(k, relative ? relative : file);
		spot.is_relative = relative || *file != '/';
		spot.line = spot.last_line = line;
	}
	return spot;
}

static struct spot spot_of_frame(struct maker *k, const struct place *place, const struct frame *frame)
{
	struct spot spot = spot_of(k, frame->file, frame->line, frame->function);

	spot.module = place->module && *place->module->path ? utf8(k, place->module->path) : NULL;
	spot.offset = place->offset;
	spot.is_inlined = frame->is_inlined;
	spot.is_library = own_is_library(place, frame);
	return spot;
}

static struct trail trail_of(struct maker *k, const char *title, const struct stack *stack)
{
	struct trail trail = { .title = title };
	struct spot *spots;

	for (unsigned i = 0; i < stack->depth; i++)
		trail.count += stack->places[i]->count;
	spots = pool_array(&k->pool, trail.count, sizeof(*spots));
	trail.spots = spots;
	for (unsigned i = 0; i < stack->depth; i++)
		for (unsigned j = 0; j < stack->places[i]->count; j++)
			*spots++ = spot_of_frame(k, stack->places[i], &stack->places[i]->frames[j]);
	return trail;
}

static struct trail trail_of_python(struct maker *k, const struct python *p, unsigned which)
{
	const struct python_stack *s = &p->stacks[which];
	struct spot *spots = pool_array(&k->pool, s->depth, sizeof(*spots));

	for (unsigned i = 0; i < s->depth; i++)
		spots[i] = spot_of(k, s->frames[i]->file, s->frames[i]->line, s->frames[i]->function);
	return (struct trail){ .title = pool_print(&k->pool, "In Python (%" PRIu64 " of %" PRIu64 " %slooked at)", s->count, p->looked_at,
						   p->is_of_these ? "" : "others from here "),
			       .spots = spots, .count = s->depth };
}

static struct spot primary_of(struct maker *k, const struct stack *stack)
{
	struct own own = own_frame(stack);
	const struct python_frame *python = own_python(stack);

	if (python)
		return spot_of(k, python->file, python->line, python->function);
	return own.frame ? spot_of_frame(k, own.place, own.frame) : (struct spot){ 0 };
}

/* The place where a release is missing comes before the place of creation. */
static void explain(struct maker *k, struct entry *e, const struct explanation *x)
{
	const struct missing_release *missing = x ? x->missing : NULL;

	if (x)
		e->advice = utf8(k, x->advice);
	if (!missing || !missing->file || !missing->line)
		return;
	e->primary = spot_of(k, missing->file, missing->line, missing->function);
	e->primary.last_line = missing->last_line > missing->line ? missing->last_line : missing->line;
	e->primary.module = utf8(k, missing->module);
	e->primary.offset = missing->offset;
	e->is_missing_release = true;
}

const char *entry_spot_text(struct pool *p, const struct spot *spot)
{
	const char *module = spot->module ? path_file(spot->module) : NULL;

	if (spot->file && spot->line)
		return pool_print(p, "%s (%s:%u)", spot->function ? spot->function : "?", path_file(spot->file), spot->line);
	if (module)
		return pool_print(p, "%s%s%s+0x%" PRIx64, spot->function ? spot->function : "", spot->function ? " in " : "",
				  module, spot->offset);
	return spot->function ? spot->function : "an unknown place";
}

static const char *seconds(struct pool *p, uint64_t us)
{
	char text[WORDS_SIZE];

	return pool_text(p, words_time(text, us));
}

static const char *sentences(struct maker *k, const struct leak *leak)
{
	const struct model *m = k->report->model;
	const struct explanation *x = leak->explanation;
	char a[WORDS_SIZE], b[WORDS_SIZE];
	const char *oldest = seconds(&k->pool, model_age(m, leak->oldest_us));
	const char *newest = seconds(&k->pool, model_age(m, leak->newest_us));
	const char *reason = words_class_reason(m, leak->class, leak->count < 1.5);
	const char *text = strcmp(oldest, newest) ? pool_print(&k->pool, "%s. Oldest %s, newest %s.", reason, oldest, newest)
						  : pool_print(&k->pool, "%s. Age %s.", reason, oldest);

	if (leak->dragged_count > 0)
		text = pool_print(&k->pool, "%s %s blocks, %s, hang on it.", text,
				  words_number(a, leak->dragged_count, leak->is_estimate),
				  words_bytes(b, leak->dragged_bytes, leak->is_estimate));
	if (leak->process_count)
		text = pool_print(&k->pool, "%s In %u of %s.", text, leak->process_count, words_process(&k->pool, m));
	if (words_cause_reason(leak->cause))
		text = pool_print(&k->pool, "%s Cause: %s.", text, words_cause_reason(leak->cause));
	for (unsigned i = 0; x && i < x->because_count; i++)
		if (words_tells(x, i))
			text = pool_print(&k->pool, "%s %s.", text, utf8(k, x->because[i]));
	return text;
}

static void add_trails(struct maker *k, struct entry *e, const struct leak *leak)
{
	unsigned python = leak->python ? leak->python->count : 0;
	struct trail *trails = pool_array(&k->pool, leak->record_count + 1ul + python, sizeof(*trails));

	e->trails = trails;
	trails[e->trail_count++] = trail_of(k, "Created at", &leak->stack);
	for (unsigned i = 0; i < python; i++)
		trails[e->trail_count++] = trail_of_python(k, leak->python, i);
	for (unsigned i = 0; i < leak->record_count; i++) {
		const struct record *r = &leak->records[i];
		const char *title = pool_print(&k->pool, "#%u: %s by %s(), count %" PRId64 " after it, %s after creation", i + 1, r->op,
					       utf8(k, r->function), r->count, seconds(&k->pool, r->age_us));

		trails[e->trail_count++] = trail_of(k, title, &r->stack);
	}
}

static bool is_failing(enum leak_class class)
{
	return class == CLASS_DEFINITE || class == CLASS_HELD || class == CLASS_POSSIBLE || class == CLASS_INDIRECT ||
	       class == CLASS_UNCLASSIFIED;
}

static void make_leak(struct maker *k, const struct leak *leak, struct entry *e)
{
	const struct model *m = k->report->model;
	bool is_live = m->ending == ENDING_RUNNING || m->ending == ENDING_SNAPSHOT;
	char a[WORDS_SIZE], b[WORDS_SIZE];

	*e = (struct entry){ .rule = leak->class, .fingerprint = leak->fingerprint, .count = leak->count, .bytes = leak->bytes,
			     .dragged_count = leak->dragged_count, .dragged_bytes = leak->dragged_bytes, .leak = leak };
	e->standing = leak->standing;
	e->is_failure = is_failing(leak->class);
	e->is_failure &= leak->standing != STANDING_KNOWN;
	e->primary = primary_of(k, &leak->stack);
	words_number(a, leak->count, leak->is_estimate);
	words_sum(b, leak->bytes, leak->is_estimate, leak->resource);
	e->title = pool_print(&k->pool, "LEAK: %s.%s %s: %s %s, %s, made in %s", utf8(k, leak->type), utf8(k, leak->release),
			      is_live ? "has not been called yet" : "was not called before the program ended", a,
			      leak->count >= 0.5 && leak->count < 1.5 ? "time" : "times",
			      b, entry_spot_text(&k->pool, &e->primary));
	explain(k, e, leak->explanation);
	e->message = sentences(k, leak);
	add_trails(k, e, leak);
}

static void make_finding(struct maker *k, const struct finding *f, struct entry *e)
{
	const struct model *m = k->report->model;
	struct trail *trails = pool_array(&k->pool, 3, sizeof(*trails));
	char a[WORDS_SIZE];

	*e = (struct entry){ .rule = f->misuse ? CLASSES + f->misuse->kind : MISMATCH, .is_failure = true,
			     .fingerprint = f->fingerprint, .count = (double)(f->misuse ? f->misuse->times : f->mismatch->count),
			     .bytes = f->misuse ? 0 : (double)f->mismatch->bytes, .finding = f, .trails = trails };
	if (!entry_rules[e->rule].id)
		e->rule = ENTRY_MISTAKE;
	e->primary = primary_of(k, &f->done);
	words_number(a, e->count, false);
	if (f->misuse)
		e->title = pool_print(&k->pool, "%s: %s %s %s", entry_rules[e->rule].name, utf8(k, m->types[f->misuse->type].name),
				      a, e->count < 1.5 ? "time" : "times");
	else
		e->title = pool_print(&k->pool, "%s: memory of %s, %s %s", entry_rules[e->rule].name,
				      words_family(f->mismatch->made_by), a, e->count < 1.5 ? "time" : "times");
	explain(k, e, f->explanation);
	e->message = entry_rules[e->rule].brief;
	trails[e->trail_count++] = trail_of(k, f->misuse ? "Called at" : "Released at", &f->done);
	if (f->ended.depth)
		trails[e->trail_count++] = trail_of(k, f->misuse && f->misuse->kind == WRONG_RACED ? "The other thread was at"
												    : "Ended before at", &f->ended);
	trails[e->trail_count++] = trail_of(k, "Created at", &f->created);
}

static const char *overdue_sentences(struct maker *k, const struct overdue *o)
{
	const struct model *m = k->report->model;
	struct pool *p = &k->pool;
	bool is_estimate = o->group->is_estimate;
	char a[WORDS_SIZE], b[WORDS_SIZE];
	const char *text = pool_print(p, "Older than %s, the oldest %s; of %s that were released from here 99 %% were by %s, all by %s.",
				      seconds(p, o->limit_us), seconds(p, model_age(m, o->oldest_us)),
				      words_number(a, (double)o->lifetime.count, false), seconds(p, o->lifetime.p99_us),
				      seconds(p, o->lifetime.max_us));

	if (o->count_a_minute > 0)
		text = pool_print(p, "%s %s more a minute, %s.", text, words_number(a, o->count_a_minute, is_estimate),
				  words_sum(b, o->bytes_a_minute, is_estimate, o->group->resource));
	if (o->forecast_us)
		text = pool_print(p, "%s At this rate %.0f GiB in %s.", text, o->forecast_bytes / (1024.0 * 1024 * 1024),
				  seconds(p, o->forecast_us));
	for (unsigned i = 0; i < o->held_count; i++)
		text = pool_print(p, "%s%s%s", text, i ? " -> " : " The oldest is held by ", utf8(k, o->held_by[i]));
	return o->held_count ? pool_print(p, "%s.", text) : text;
}

static void make_overdue(struct maker *k, const struct overdue *o, struct entry *e)
{
	struct trail *trail = pool_take(&k->pool, sizeof(*trail));
	char a[WORDS_SIZE], b[WORDS_SIZE], c[WORDS_SIZE];

	*trail = trail_of(k, "Created at", &o->stack);
	*e = (struct entry){ .rule = ENTRY_OVERDUE, .fingerprint = o->group->fingerprint, .count = o->count, .bytes = o->bytes,
			     .primary = primary_of(k, &o->stack), .trails = trail, .trail_count = 1, .overdue = o };
	e->title = pool_print(&k->pool, "OVERDUE: %s%s%s of %s alive, %s, made in %s", o->group->resource ? utf8(k, o->group->type) : "",
			      o->group->resource ? ": " : "", words_number(a, o->count, o->group->is_estimate),
			      words_number(b, o->group->count, o->group->is_estimate),
			      words_sum(c, o->bytes, o->group->is_estimate, o->group->resource), entry_spot_text(&k->pool, &e->primary));
	e->message = overdue_sentences(k, o);
	e->advice = "find out why what holds the oldest one does not let go of it, or give it a limit";
}

static void make_growth(struct maker *k, const struct growth *g, struct entry *e)
{
	bool is_estimate = k->report->model->is_sampled;
	char a[WORDS_SIZE], b[WORDS_SIZE];

	*e = (struct entry){ .rule = ENTRY_GROWTH, .is_failure = true, .fingerprint = g->most, .count = 1, .bytes = g->bytes_a_minute,
			     .primary = spot_of(k, g->file, g->line, g->function) };
	e->title = pool_print(&k->pool, "GROWTH: %s a minute, %s are allowed", words_bytes(a, g->bytes_a_minute, is_estimate),
			      words_bytes(b, g->allowed, false));
	e->message = pool_print(&k->pool, "Most of it, %s a minute, is made in %s.", words_bytes(a, g->most_a_minute, is_estimate),
				entry_spot_text(&k->pool, &e->primary));
}

const char *entry_level(const struct entry *e)
{
	return e->is_failure || e->overdue ? entry_rules[e->rule].level : "note";
}

uint32_t entry_count(const struct diagnosis *d)
{
	return d->detailed + d->finding_count + d->overdue_count + d->growth.is_too_fast;
}

uint32_t entry_failures(const struct diagnosis *d)
{
	uint32_t count = d->finding_count + d->growth.is_too_fast;

	for (uint32_t i = 0; i < d->detailed; i++)
		count += is_failing(d->leaks[i].class);
	return count;
}

void entry_each(const struct report *r, const char *source_root, bool with_known,
		void (*each)(void *data, const struct entry *e), void *data)
{
	struct maker k = { .report = r, .root = source_root };
	const struct diagnosis *d = r->diagnosis;
	struct entry e;

	for (uint32_t i = 0; i < d->detailed; i++) {
		make_leak(&k, &d->leaks[i], &e);
		each(data, &e);
		pool_drop(&k.pool);
	}
	for (uint32_t i = 0; i < d->finding_count; i++) {
		make_finding(&k, &d->findings[i], &e);
		each(data, &e);
		pool_drop(&k.pool);
	}
	for (uint32_t i = 0; i < d->overdue_count; i++) {
		make_overdue(&k, &d->overdue[i], &e);
		each(data, &e);
		pool_drop(&k.pool);
	}
	if (d->growth.is_too_fast) {
		make_growth(&k, &d->growth, &e);
		each(data, &e);
		pool_drop(&k.pool);
	}
	for (uint32_t i = 0; with_known && i < d->known_count; i++) {
		make_leak(&k, &d->leaks[d->leak_count + i], &e);
		each(data, &e);
		pool_drop(&k.pool);
	}
}

/* SPDX-License-Identifier: MIT */
/* A group of what was lost, in words. */
#include "text_parts.h"

#include <inttypes.h>
#include <string.h>

#include "words.h"

#define THREADS_SHOWN 4u
#define BALANCE_SHOWN 6u

static bool is_running(const struct model *m)
{
	return m->ending == ENDING_RUNNING || m->ending == ENDING_SNAPSHOT;
}

static const char *not_called(const struct model *m, const struct leak *leak)
{
	const struct java_object *java = leak->resource ? m->resources[leak->resource - 1].java : NULL;

	if (java && java->is_collected)
		return "was not called before it's garbage-collected";
	return is_running(m) ? "has not been called yet" : "was not called before the program ended";
}

static void print_threads(FILE *to, const struct model *m, const struct leak *leak)
{
	unsigned shown = leak->thread_count < THREADS_SHOWN ? leak->thread_count : THREADS_SHOWN;

	if (!shown)
		return;
	fputs(leak->thread_count == 1 ? " Thread " : " Threads ", to);
	for (unsigned i = 0; i < shown; i++) {
		const struct thread *thread = &m->threads[leak->threads[i]];

		fputs(i ? ", " : "", to);
		if (thread->main)
			fputs("main", to);
		else
			text_stack_name(to, thread->name);
		if (thread->tid && !thread->main && !m->process_count)
			fprintf(to, " (%u)", thread->tid);
	}
	if (leak->thread_count > shown)
		fprintf(to, " and %u more", leak->thread_count - shown);
	fputc('.', to);
}

/* What one look while the program runs cannot tell for sure. */
static void print_confirmed(FILE *to, const struct model *m, const struct leak *leak)
{
	char a[WORDS_SIZE];

	if (m->scan.is_at_end || (leak->resource && m->resources[leak->resource - 1].java) || (leak->class != CLASS_DEFINITE && leak->class != CLASS_POSSIBLE))
		return;
	if (leak->confirmed >= leak->count - 0.5)
		fputs(" Confirmed by two scans.", to);
	else if (leak->confirmed > 0)
		fprintf(to, " %s of them confirmed by two scans, the others suspected by one.",
			words_number(a, leak->confirmed, leak->is_estimate));
	else
		fputs(" Suspected by one scan; another one confirms.", to);
}

static void print_processes(FILE *to, const struct model *m, const struct leak *leak)
{
	if (leak->process_count)
		fprintf(to, " In %u of %u processes.", leak->process_count, m->process_count - 1);
}

/* A group in a line of another one: who made it, and its name. */
static void print_maker(FILE *to, const struct stack *stack, const struct leak *leak)
{
	if (stack && stack->depth) {
		fputs(" made in ", to);
		text_stack_maker(to, stack);
	}
	if (leak)
		fprintf(to, " [%s]", leak->fingerprint);
}

static void print_amount(FILE *to, const struct leak *leak, const char *before, double count, double bytes)
{
	char a[WORDS_SIZE], b[WORDS_SIZE];

	fprintf(to, "%s%s %s, %s", before, words_number(a, count, leak->is_estimate), count < 1.5 ? "block" : "blocks",
		words_sum(b, bytes, leak->is_estimate, leak->resource));
}

/* Who was made later cannot have been given a pointer at the beginning of the other's life: it may have been left behind. */
static bool is_younger(const struct leak *leak, unsigned shown)
{
	for (unsigned i = 0; i < shown; i++)
		if (leak->hangers[i].leak && leak->hangers[i].leak->oldest_us < leak->oldest_us)
			return true;
	return false;
}

static void print_dragged(FILE *to, const struct leak *leak)
{
	unsigned shown = leak->hanger_count < HANGERS_SHOWN ? leak->hanger_count : HANGERS_SHOWN;
	bool is_one = leak->dragged_count < 1.5;

	if (!(leak->dragged_count > 0))
		return;
	print_amount(to, leak, "\n  ", leak->dragged_count, leak->dragged_bytes);
	fprintf(to, ", %s on %s%s", is_one ? "hangs" : "hang", leak->count < 1.5 ? "it" : "them",
		leak->class != CLASS_DEFINITE ? "" : is_one ? " and is lost too" : " and are lost too");
	for (unsigned i = 0; i < shown; i++) {
		const struct hanging *h = &leak->hangers[i];
		char a[WORDS_SIZE];

		fprintf(to, "%s %s", i ? "," : ":", words_number(a, h->part.count, leak->is_estimate));
		print_maker(to, h->stack, h->leak);
	}
	if (leak->hanger_count > shown)
		fprintf(to, leak->hanger_count == shown + 1 ? " and 1 more group" : " and %u more groups", leak->hanger_count - shown);
	fputc('.', to);
	if (leak->class == CLASS_DEFINITE && !leak->resource && is_younger(leak, shown))
		fputs(" Some are older: a run with fill=yes tells whether a pointer was only left behind.", to);
}

/* What lies on the way from one of them back to itself. */
static void print_cycle(FILE *to, const struct leak *leak)
{
	const struct cycle *c = &leak->cycle;
	char a[WORDS_SIZE];

	if (!c->link_count)
		return;
	fprintf(to, "\n  %s %s:", words_number(a, c->count, leak->is_estimate), c->count < 1.5 ? "cycle" : "cycles");
	for (unsigned i = 0; i < c->link_count; i++) {
		fputs(i ? " ->" : "", to);
		if (c->links[i].type) {
			fputc(' ', to);
			text_stack_name(to, c->links[i].type);
		}
		print_maker(to, c->links[i].stack, NULL);
	}
	fputs(" -> itself.", to);
}

/* What is known about the references of one of them. */
static void print_counts(FILE *to, const struct model *m, const struct leak *leak)
{
	const struct resource *r = &m->resources[leak->resource - 1];
	char a[WORDS_SIZE];

	if (r->java && !r->retains && !r->releases) /* nothing of it is counted */
		return;
	fprintf(to, "\n  Count %d%s; retained %s %s,", r->count,
		r->is_counted ? " as far as seen" : "", words_number(a, r->retains, false), text_times(r->retains));
	fprintf(to, " released %s %s.", words_number(a, r->releases, false), text_times(r->releases));
	if (leak->class == CLASS_HELD && !r->java)
		fprintf(to, " When pointers were looked for: count %d, %u %s to it.", r->cut_count, r->cut_pointers,
			r->cut_pointers == 1 ? "pointer" : "pointers");
	if (r->is_adopted)
		fputs(" Made before it was first seen.", to);
}

/* Where references to them were taken and given back; what was only ever created needs no such line. */
static void print_balance(FILE *to, const struct leak *leak)
{
	unsigned shown = leak->balance_count < BALANCE_SHOWN ? leak->balance_count : BALANCE_SHOWN;
	char a[WORDS_SIZE];

	if (!leak->is_shared)
		return;
	fputs("\n  Balance:", to);
	for (unsigned i = 0; i < shown; i++) {
		const struct balance *b = &leak->balance[i];

		fprintf(to, "%s %+" PRId64 " ", i ? "," : "", b->change);
		text_stack_name(to, b->function);
		fputs("() at ", to);
		text_at(to, b->place);
	}
	if (leak->balance_count > shown)
		fprintf(to, " and %u more places", leak->balance_count - shown);
	if (leak->balance_left_out)
		fprintf(to, "; %s more operations have no record",
			words_number(a, (double)leak->balance_left_out, false));
	fputc('.', to);
}

/* Lost ones of one stack need not all be lost in the same way. */
static void print_class(FILE *to, const struct model *m, const struct leak *leak)
{
	const struct part *parts[] = { &leak->definite, &leak->hanging, &leak->possible, &leak->uncertain };
	static const char *const words[][2] = { { "that nothing points at any more", "that nothing points at any more" },
						{ "that hangs on another lost one", "that hang on other lost ones" },
						{ "with pointers into its middle only", "with pointers into their middle only" },
						{ "that hangs on such a one", "that hang on such ones" } };
	unsigned said = 0;
	char a[WORDS_SIZE];

	if (leak->class == CLASS_INDIRECT && leak->orphaned.count > 0)
		fputs("  indirect: only something that is not reported points at", to);
	else if (leak->count < 0.5 + (leak->class == CLASS_DEFINITE ? leak->definite.count : leak->possible.count) ||
		 (leak->class != CLASS_DEFINITE && leak->class != CLASS_POSSIBLE))
		fprintf(to, "  %s", words_class_reason(m, leak->class, leak->count < 1.5));
	else
		said = 1;
	if (leak->class == CLASS_INDIRECT && leak->orphaned.count > 0)
		fputs(leak->count < 1.5 ? " it" : " them", to);
	if (leak->class == CLASS_INDIRECT && leak->on) {
		fputs(", a block", to);
		print_maker(to, leak->on_stack, leak->on);
	}
	for (unsigned i = 0; said && i < 4; i++) {
		bool is_one = parts[i]->count < 1.5;

		if (!(parts[i]->count > 0))
			continue;
		fputs(said++ > 1 ? "; " : "  ", to);
		if (said == 2)
			fprintf(to, "%s: ", words_class(leak->class));
		fprintf(to, "%s %s", words_number(a, parts[i]->count, leak->is_estimate), words[i][!is_one]);
	}
	fputc('.', to);
}

/* What the program calls it, or the call in whose work it was made. */
static void print_call(FILE *to, const struct model *m, const struct resource *r)
{
	const char *name = r->java->name, *before = " Of ";

	if (!name && r->java->around) {
		name = m->resources[r->java->around - 1].java->name;
		before = " In a call of ";
	}
	if (!name)
		return;
	fputs(before, to);
	words_escape(to, name);
	fputc('.', to);
}

/* A release that was not seen may have ended them. */
static void print_unsure(FILE *to, const struct probe *unsure)
{
	fputs(" Nobody knows: ", to);
	text_stack_name(to, unsure->symbol);
	if (unsure->hook == HOOK_LED) {
		fputs("() was followed through imports only.", to);
		return;
	}
	if (unsure->inlined) {
		fputs(unsure->hook == HOOK_FOLLOWED ? "() is followed, but the compiler also put it into its callers, "
						    : "() was put into its callers by the compiler, ", to);
		fprintf(to, unsure->inlined == 1 ? "in 1 place, " : "in %u places, ", unsure->inlined);
		fputs("where it is not followed.", to);
		return;
	}
	fputs("() could not be followed (", to);
	text_stack_name(to, unsure->reason);
	fputs(").", to);
}

static void print_circumstances(FILE *to, const struct model *m, const struct leak *leak)
{
	char a[WORDS_SIZE], b[WORDS_SIZE];

	if (leak->unsure && leak->class == CLASS_POSSIBLE)
		fprintf(to, "  possible: %s lost.", leak->count < 1.5 ? "it may be" : "they may be");
	else if (leak->class == CLASS_POSSIBLE && leak->doubtful >= leak->count - 0.5)
		fprintf(to, "  possible: nothing that could be read points at %s, but not all could be read.",
			leak->count < 1.5 ? "it" : "them");
	else
		print_class(to, m, leak);
	if (leak->unsure && leak->class != CLASS_REACHABLE)
		print_unsure(to, leak->unsure);
	if (leak->doubtful > 0 && leak->doubtful < leak->count - 0.5)
		fprintf(to, " At %s of them nothing points that could be read.",
			words_number(a, leak->doubtful, leak->is_estimate));
	words_time(a, model_age(m, leak->oldest_us));
	words_time(b, model_age(m, leak->newest_us));
	if (strcmp(a, b))
		fprintf(to, " Oldest %s, newest %s.", a, b);
	else
		fprintf(to, " Age %s.", a);
	print_processes(to, m, leak);
	print_threads(to, m, leak);
	if (leak->resource && m->resources[leak->resource - 1].java)
		print_call(to, m, &m->resources[leak->resource - 1]);
	if (leak->scope) {
		fputs(" In scope ", to);
		text_stack_name(to, leak->scope);
		fputc('.', to);
	}
	print_confirmed(to, m, leak);
	print_cycle(to, leak);
	print_dragged(to, leak);
	if (leak->resource) {
		print_counts(to, m, leak);
		print_balance(to, leak);
	} else if (!leak->is_estimate && leak->ever_blocks >= (uint64_t)leak->count) {
		fprintf(to, "\n  %s of ", words_number(a, leak->count, false));
		fprintf(to, "%s ever allocated here", words_number(b, (double)leak->ever_blocks, false));
		if (leak->family == FAMILY_ALIGNED) /* posix_memalign too */
			fputs(", aligned", to);
		else if (leak->family != FAMILY_MALLOC)
			fprintf(to, " by %s", words_family(leak->family));
		if (leak->peak)
			fprintf(to, "; at most %s alive at once",
				words_bytes(a, (double)leak->peak, false));
		fputc('.', to);
	}
	fputc('\n', to);
}

static void print_record(FILE *to, const struct record *record, unsigned number)
{
	char a[WORDS_SIZE];

	fprintf(to, "#%u: %s by ", number, record->op);
	text_stack_name(to, record->function);
	fprintf(to, "(), count %" PRId64 " after it, ", record->count);
	text_thread(to, record->thread);
	fprintf(to, ", %s after creation", words_time(a, record->age_us));
	if (record->merged)
		fprintf(to, ", %s times in all",
			words_number(a, (double)record->merged + 1, false));
	fputc('\n', to);
	if (record->hint) {
		fputs("\tHint: ", to);
		words_escape(to, record->hint);
		fputc('\n', to);
	}
	text_stack(to, &record->stack);
}

void text_records(FILE *to, const struct leak *leak)
{
	if (!leak->record_count)
		return;
	fputs("Recent access records:\n", to);
	for (unsigned i = 0; i < leak->record_count; i++)
		print_record(to, &leak->records[i], i + 1);
}

void text_leak(FILE *to, const struct model *m, const struct leak *leak)
{
	bool is_possible = leak->class == CLASS_POSSIBLE;
	char a[WORDS_SIZE], b[WORDS_SIZE];

	fputs(is_possible ? "POSSIBLE LEAK: " : "LEAK: ", to);
	if (leak->resource) {
		words_escape(to, leak->type);
		fputc('.', to);
		words_escape(to, leak->release);
		fprintf(to, " %s: ", not_called(m, leak));
	}
	fprintf(to, "%s %s%s, ", words_number(a, leak->count, leak->is_estimate), text_times(leak->count),
		!leak->resource && is_running(m) ? " so far" : "");
	fputs(words_sum(b, leak->bytes, leak->is_estimate, leak->resource), to);
	if (leak->dragged_bytes > 0)
		fprintf(to, " + %s that hang on %s", words_bytes(b, leak->dragged_bytes, leak->is_estimate),
			leak->count < 1.5 ? "it" : "them");
	if (!leak->resource && leak->stack.depth) {
		fputc(',', to);
		print_maker(to, &leak->stack, NULL);
	}
	fprintf(to, " [%s]\n", leak->fingerprint);
	if (is_possible)
		print_circumstances(to, m, leak);
	text_explanation(to, leak->cause, leak->explanation, is_possible);
	if (!is_possible)
		print_circumstances(to, m, leak);
	text_records(to, leak);
	fputs("Created at:\n", to);
	if (leak->maker)
		text_stack(to, &(struct stack){ .places = (const struct place *[]){ leak->maker }, .depth = 1 });
	text_stack(to, &leak->stack);
	if (leak->records_left_out)
		fprintf(to, ": %s more records were discarded between these\n",
			words_number(a, (double)leak->records_left_out, false));
	fputc('\n', to);
}

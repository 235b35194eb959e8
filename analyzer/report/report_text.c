/* SPDX-License-Identifier: MIT */
/*
 * Diagnosis -> text for a person, with the skeleton that Netty's users know: a line with
 * LEAK: for each group, `Recent access records:`, `#1:`, `Created at:`, frames after a tab.
 */
#include <inttypes.h>
#include <signal.h>
#include <string.h>

#include "own.h"
#include "progress.h"
#include "report.h"
#include "text_stack.h"
#include "words.h"

/* A place in a line of text: its innermost frame, which may be inlined. */
static void print_at(FILE *to, const struct place *place)
{
	text_stack_at(to, place, &place->frames[0]);
}

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

static const char *times(double count)
{
	return count >= 0.5 && count < 1.5 ? "time" : "times";
}

#define THREADS_SHOWN 4u

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

static uint64_t age(const struct model *m, uint64_t born_us)
{
	return m->now_us > born_us ? m->now_us - born_us : 0;
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
	struct own own = stack ? own_frame(stack) : (struct own){ 0 };

	if (own.frame) {
		fputs(" made in ", to);
		text_stack_at(to, own.place, own.frame);
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
		fprintf(to, " and %u more groups", leak->hanger_count - shown);
	fputc('.', to);
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
		r->is_counted ? " as far as seen" : "", words_number(a, r->retains, false), times(r->retains));
	fprintf(to, " released %s %s.", words_number(a, r->releases, false), times(r->releases));
	if (leak->class == CLASS_HELD && !r->java)
		fprintf(to, " When pointers were looked for: count %d, %u %s to it.", r->cut_count, r->cut_pointers,
			r->cut_pointers == 1 ? "pointer" : "pointers");
	if (r->is_adopted)
		fputs(" Made before it was first seen.", to);
}

#define BALANCE_SHOWN 6u

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
		print_at(to, b->place);
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
	static const char *const words[][2] = { { "nothing points at it any more", "nothing points at them any more" },
						{ "hangs on another lost one", "hang on other lost ones" },
						{ "has only pointers into its middle left", "have only pointers into their middle left" },
						{ "hangs on such a one", "hang on such ones" } };
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
	words_time(a, age(m, leak->oldest_us));
	words_time(b, age(m, leak->newest_us));
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
		if (leak->family != FAMILY_MALLOC)
			fprintf(to, " by %s", words_family(leak->family));
		if (leak->peak)
			fprintf(to, "; at most %s alive at once",
				words_bytes(a, (double)leak->peak, false));
		fputc('.', to);
	}
	fputc('\n', to);
}

static void print_thread(FILE *to, const struct thread *thread)
{
	text_stack_name(to, thread->main ? "main" : thread->name);
}

static void print_record(FILE *to, const struct record *record, unsigned number)
{
	char a[WORDS_SIZE];

	fprintf(to, "#%u: %s by ", number, record->op);
	text_stack_name(to, record->function);
	fprintf(to, "(), count %" PRId64 " after it, ", record->count);
	print_thread(to, record->thread);
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

static void print_records(FILE *to, const struct leak *leak)
{
	if (!leak->record_count)
		return;
	fputs("Recent access records:\n", to);
	for (unsigned i = 0; i < leak->record_count; i++)
		print_record(to, &leak->records[i], i + 1);
}

static void print_missing_release(FILE *to, const struct missing_release *missing)
{
	fputs(" in ", to);
	text_stack_function(to, missing->function && *missing->function ? missing->function : "?");
	if (missing->file && missing->line) {
		fputs(" (", to);
		words_escape(to, words_file(missing->file));
		fprintf(to, ":%u", missing->line);
		if (missing->last_line > missing->line)
			fprintf(to, "-%u", missing->last_line);
		fputc(')', to);
	} else if (missing->module) {
		fputs(" in ", to);
		text_stack_name(to, words_file(missing->module));
		fprintf(to, "+0x%" PRIx64, missing->offset);
	}
}

#define USUALLY_SHOWN 3u

static void print_usually(FILE *to, const struct explanation *e)
{
	char a[WORDS_SIZE], b[WORDS_SIZE];

	if (!e->usually || !e->usually_count)
		return;
	fputs("  Usually released", to);
	if (e->lifetime)
		fprintf(to, " after %s in the middle, %s at p99", words_time(a, e->lifetime->p50_us),
			words_time(b, e->lifetime->p99_us));
	fputs(" at", to);
	for (unsigned i = 0; i < e->usually_count && i < USUALLY_SHOWN; i++) {
		fputs(i ? ", " : " ", to);
		print_at(to, e->usually[i].place);
		fprintf(to, " (%.*f %%)", e->usually[i].share > 0.99 && e->usually[i].share < 1 ? 2 : 0,
			e->usually[i].share * 100);
	}
	fputs(".\n", to);
}

static void print_holder(FILE *to, const struct holder *h)
{
	if (!h || !h->what)
		return;
	fprintf(to, "  %s held by ", h->until ? "Last" : "Now");
	if (h->symbol) {
		words_escape(to, h->symbol);
		fputs(", ", to);
	}
	fprintf(to, "%s", h->what);
	if (h->function) {
		fputs(" of ", to);
		text_stack_function(to, h->function);
	}
	if (h->created_at) {
		fputs(" made in ", to);
		print_at(to, h->created_at);
	}
	if (h->offset)
		fprintf(to, ", offset %" PRIu64, h->offset);
	if (h->until) {
		fputs(", until ", to);
		words_escape(to, h->until);
	}
	fputs(".\n", to);
}

/* Which line forgot, as far as it is known. */
static void print_explanation(FILE *to, enum cause cause, const struct explanation *e)
{
	static const char *const sure[CONFIDENCES] = { " (a guess)", " (likely)", "" };

	if (!e)
		return;
	if (e->missing) {
		fputs("  Forgotten", to);
		print_missing_release(to, e->missing);
		if (words_cause(cause))
			fprintf(to, ": %s", words_cause_reason(cause));
	} else if (words_cause(cause)) {
		fprintf(to, "  Cause: %s", words_cause_reason(cause));
	}
	if (e->missing || words_cause(cause)) {
		if (words_cause(cause))
			fprintf(to, " [%s]", words_cause(cause));
		fprintf(to, "%s.\n", sure[(unsigned)e->confidence < CONFIDENCES ? e->confidence : CONFIDENCE_GUESS]);
	}
	for (unsigned i = 0; e->because && i < e->because_count; i++) {
		fputs("  ", to);
		text_stack_function(to, e->because[i]);
		fputs(".\n", to);
	}
	print_usually(to, e);
	print_holder(to, e->last_held_by);
	if (e->advice) {
		fputs("  Advice: ", to);
		text_stack_function(to, e->advice);
		fputs(".\n", to);
	}
}

static void print_leak(FILE *to, const struct model *m, const struct leak *leak)
{
	char a[WORDS_SIZE], b[WORDS_SIZE];

	fputs("LEAK: ", to);
	if (leak->resource) {
		words_escape(to, leak->type);
		fputc('.', to);
		words_escape(to, leak->release);
		fprintf(to, " %s: ", not_called(m, leak));
	}
	fprintf(to, "%s %s%s, ", words_number(a, leak->count, leak->is_estimate), times(leak->count),
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
	print_explanation(to, leak->cause, leak->explanation);
	print_circumstances(to, m, leak);
	print_records(to, leak);
	fputs("Created at:\n", to);
	if (leak->maker)
		text_stack(to, &(struct stack){ .places = (const struct place *[]){ leak->maker }, .depth = 1 });
	text_stack(to, &leak->stack);
	if (leak->records_left_out)
		fprintf(to, ": %s more records were discarded between these\n",
			words_number(a, (double)leak->records_left_out, false));
	fputc('\n', to);
}

static void print_mismatch(FILE *to, const struct mismatch *mismatch, const char *fingerprint)
{
	static const char *const releases[FAMILIES] = { "free()", "free()", "operator delete",
							"operator delete[]" };
	char a[WORDS_SIZE], b[WORDS_SIZE];

	fprintf(to, "MISMATCH: memory of %s was released by %s: %s %s, %s [%s]\n",
		words_family(mismatch->made_by), releases[mismatch->released_by],
		words_number(a, (double)mismatch->count, false), times((double)mismatch->count),
		words_bytes(b, (double)mismatch->bytes, false), fingerprint);
}

static void print_misuse(FILE *to, const struct model *m, const struct misuse *misuse,
			 const char *fingerprint)
{
	static const char *const heads[WRONGS] = {
		[WRONG_RELEASED_AGAIN] = "RELEASED AGAIN",
		[WRONG_RETAINED_ENDED] = "RETAINED AFTER ITS END",
		[WRONG_FREED_HELD] = "FREED WHILE HELD",
		[WRONG_MISMATCHED] = "MISMATCH",
		[WRONG_RACED] = "RACE",
		[WRONG_OVERLAPPED] = "RACE",
		[WRONG_FREED_TWICE] = "FREED TWICE",
		[WRONG_FREED_INSIDE] = "FREED INSIDE A BLOCK",
		[WRONG_FREED_STACK] = "FREED FROM THE STACK",
		[WRONG_FREED_STATIC] = "FREED WHAT IS STATIC",
	};
	static const char *const what[WRONGS] = {
		[WRONG_RELEASED_AGAIN] = "was called after the resource had ended",
		[WRONG_RETAINED_ENDED] = "was called after the resource had ended",
		[WRONG_FREED_HELD] = "was called while others still held it",
		[WRONG_MISMATCHED] = "belongs to another type",
		[WRONG_FREED_TWICE] = "was called for memory that had been freed before",
		[WRONG_FREED_INSIDE] = "was called for a pointer into the middle of a block",
		[WRONG_FREED_STACK] = "was called for memory of the stack",
		[WRONG_FREED_STATIC] = "was called for a variable or a constant",
		[WRONG_RACED] = "and another thread changed the count at once, and a change was lost",
		[WRONG_OVERLAPPED] = "was entered by a thread while another one was inside",
	};
	char a[WORDS_SIZE];

	fprintf(to, "%s: ", heads[misuse->kind]);
	text_stack_name(to, m->types[misuse->type].name);
	fputc('.', to);
	text_stack_name(to, *m->probes[misuse->probe].symbol ? m->probes[misuse->probe].symbol : "free");
	fprintf(to, "() %s: %s %s [%s]\n", what[misuse->kind],
		words_number(a, (double)misuse->times, false), times((double)misuse->times),
		fingerprint);
}

static void print_finding(FILE *to, const struct model *m, const struct finding *finding)
{
	const struct misuse *misuse = finding->misuse;
	const struct mismatch *mismatch = finding->mismatch;
	uint64_t last = misuse ? misuse->last_us : mismatch->last_us;
	char a[WORDS_SIZE];

	if (misuse)
		print_misuse(to, m, misuse, finding->fingerprint);
	else
		print_mismatch(to, mismatch, finding->fingerprint);
	print_explanation(to, finding->cause, finding->explanation);
	fprintf(to, "  Last %s ago by thread ", words_time(a, age(m, last)));
	print_thread(to, &m->threads[misuse ? misuse->thread : mismatch->thread]);
	if (misuse && misuse->type)
		fprintf(to, "; its count was %d", misuse->count);
	fputs(misuse ? ".\nCalled at:\n" : ".\nReleased at:\n", to);
	text_stack(to, &finding->done);
	if (finding->ended.depth) {
		fputs(misuse && (misuse->kind == WRONG_RACED || misuse->kind == WRONG_OVERLAPPED) ? "The other thread was at:\n"
		      : misuse && !misuse->type ? "Freed before at (the innermost frame is kept):\n" : "Ended before at:\n", to);
		text_stack(to, &finding->ended);
	}
	if (finding->created.depth || !misuse || misuse->type) {
		fputs("Created at:\n", to);
		text_stack(to, &finding->created);
	}
	fputc('\n', to);
}

static void print_groups(FILE *to, const char *before, const struct class_total *total,
			 const struct model *m)
{
	bool is_estimate = m->is_sampled;
	char a[WORDS_SIZE], b[WORDS_SIZE], c[WORDS_SIZE];

	fprintf(to, "%s%s %s in %s %s, %s", before,
		words_number(a, total->blocks, is_estimate),
		total->blocks >= 0.5 && total->blocks < 1.5 ? "block" : "blocks",
		words_number(b, total->groups, false), total->groups == 1 ? "group" : "groups",
		words_sum(c, total->bytes, is_estimate, m->resource_count));
}

/* Those that have any; what is not named has none. */
static void print_classes(FILE *to, const struct report *r)
{
	unsigned said = 0;
	char a[WORDS_SIZE];

	fputs("leakshim: by class:", to);
	for (unsigned class = 0; class < CLASSES; class++) {
		const struct class_total *total = &r->diagnosis->totals[class];

		if (!(total->blocks > 0))
			continue;
		fprintf(to, "%s %s %s", said++ ? "," : "", words_class(class),
			words_number(a, total->blocks, r->model->is_sampled));
		fprintf(to, " (%s)", words_sum(a, total->bytes, r->model->is_sampled, r->model->resource_count));
	}
	fputs(said ? "; --show CLASS lists them.\n" : " nothing was left.\n", to);
}

/* What a program that grows holds most of, leak or not. */
static void print_largest(FILE *to, const struct report *r)
{
	const struct largest *l = &r->diagnosis->largest;
	const struct class_total *all = &r->diagnosis->totals[CLASS_REACHABLE];
	char a[WORDS_SIZE], b[WORDS_SIZE];

	if (!l->makers || r->diagnosis->is_shown[CLASS_REACHABLE])
		return;
	fprintf(to, "leakshim: still reachable %s; largest: ", words_bytes(a, all->bytes, r->model->is_sampled));
	fprintf(to, "%s %s, %s, by ", words_number(a, l->count, l->is_estimate), l->count < 1.5 ? "block" : "blocks",
		words_bytes(b, l->bytes, l->is_estimate));
	words_escape(to, l->makers);
	fputs(".\n", to);
	if (l->pool) {
		fputs("leakshim: ", to);
		words_escape(to, l->pool);
		fputs(".\n", to);
	}
}

static void print_missed(FILE *to, struct report const *r)
{
	struct model *m = r->model;
	char a[WORDS_SIZE];

	if (r->diagnosis->is_complete) {
		fputs("; nothing was missed.\n", to);
		return;
	}
	fputs(". NOT COMPLETE:\n", to);
	for (unsigned i = 0; i < MODEL_DROPS; i++)
		if (m->drops[i])
			fprintf(to, "leakshim:   %s\n", words_drop(&m->pool, i, m->drops[i]));
	if (m->is_partial)
		fputs("leakshim:   the trace is damaged; this is what comes before the damage\n", to);
	if (m->scan.doubtful)
		fprintf(to, "leakshim:   %s %s may be held by what could not be read, see below\n",
			words_number(a, m->scan.doubtful, false), m->scan.doubtful == 1 ? "block" : "blocks");
	if (r->diagnosis->blind || !strcmp(m->level, "disabled"))
		fprintf(to, "leakshim:   %s\n", r->diagnosis->blind ? r->diagnosis->blind : "nothing was followed at the end (level=disabled)");
	if (m->is_stopped) {
		fputs("leakshim:   the shim stood aside before the end: ", to);
		text_stack_name(to, m->stop_reason);
		fputc('\n', to);
	}
}

#define REFUSED_SHOWN 5u
#define MISSING_SHOWN 3u

static void print_missing(FILE *to, const struct model *m)
{
	uint32_t missing = 0;

	for (uint32_t i = 1; i < m->probe_count; i++) {
		if (m->probes[i].hook != HOOK_MISSING || missing++ >= MISSING_SHOWN)
			continue;
		fputs(missing == 1 ? "leakshim: not in the loaded libraries: " : ", ", to);
		words_escape(to, m->probes[i].whole);
		fputs(strchr(m->probes[i].whole, '(') ? "" : "()", to);
	}
	if (missing > MISSING_SHOWN)
		fprintf(to, " and %u more", missing - MISSING_SHOWN);
	if (missing)
		fputc('\n', to);
}

/* What the probe files asked for and did not get. */
static void print_probes(FILE *to, const struct model *m)
{
	uint32_t refused = 0;

	for (uint32_t i = 0; i < m->problem_count; i++) {
		fputs("leakshim: ", to);
		words_escape(to, m->problems[i]);
		fputc('\n', to);
	}
	for (uint32_t i = 1; i < m->probe_count; i++) {
		const struct probe *probe = &m->probes[i];

		if (probe->hook != HOOK_REFUSED || refused++ >= REFUSED_SHOWN)
			continue;
		fputs("leakshim: not followed: ", to);
		words_escape(to, probe->whole);
		fputs(strchr(probe->whole, '(') ? ": " : "(): ", to);
		text_stack_name(to, probe->reason);
		fputc('\n', to);
	}
	if (refused > REFUSED_SHOWN)
		fprintf(to, "leakshim: not followed: %u more functions\n", refused - REFUSED_SHOWN);
	if (m->unsure_count)
		fprintf(to, "leakshim: %u wrong %s of types with such functions %s not told: what was not seen may set them right\n",
			m->unsure_count, m->unsure_count == 1 ? "use" : "uses", m->unsure_count == 1 ? "is" : "are");
	print_missing(to, m);
}

static void print_scan(FILE *to, struct model *m)
{
	const struct scan *scan = &m->scan;
	char a[WORDS_SIZE];

	if (scan->failure && m->java.status == JAVA_NONE)
		fprintf(to, "leakshim: the latest scan for pointers failed: %s.%s\n", scan->failure,
			scan->is_done ? " Classes are those of the scan before." : "");
	if (!scan->is_done)
		return;
	if (!scan->is_at_end)
		fprintf(to, "leakshim: scan of %u %s, %s ago; the program stood still for %.1f ms",
			scan->threads, scan->threads == 1 ? "thread" : "threads",
			words_time(a, age(m, scan->time_us)), (double)scan->pause_us / 1000);
	if (!scan->is_at_end && scan->looks > 1)
		fprintf(to, " (median of %u looks %.1f ms, worst %.1f ms)", scan->looks, (double)scan->median_us / 1000,
			(double)scan->worst_us / 1000);
	if (!scan->is_at_end)
		fputs(".\n", to);
	if (scan->missing)
		fprintf(to, "leakshim: not looked at for pointers: %s; what they hold may be shown "
			    "as lost.\n", scan->missing);
	for (uint32_t i = 0; i < scan->unread_count; i++) {
		fputs("leakshim: not read: ", to);
		words_escape(to, words_unread(&m->pool, &scan->unread[i]));
		fputs(".\n", to);
	}
}

/* What a filter of system calls kept us from, and whether one killed for a call of ours. */
static void print_filter(FILE *to, const struct model *m)
{
	const struct filter *f = &m->filter;
	char a[WORDS_SIZE];

	if (f->is_seen && f->calls)
		fprintf(to, "leakshim: the program took system calls away from itself%s; not made by leakshim for that: %s "
			    "(%s %s).\n", f->is_opaque ? ", nobody can know which" : "", f->calls,
			words_number(a, (double)f->left_out, false), f->left_out == 1 ? "call" : "calls");
	if (f->own_call && m->ending == ENDING_SIGNAL && m->ending_detail == SIGSYS)
		fprintf(to, "leakshim: a system call of leakshim's own was under way when the program was killed: %s. A "
			    "filter that was not seen coming kills for it; leave this program untraced.\n",
			f->own_call);
}

/* What was seen of a Java virtual machine, and what was not. */
static void print_java_vm(FILE *to, const struct report *r)
{
	const struct java_vm *vm = &r->model->java;
	const struct java_pools *pools = &r->diagnosis->pools;
	char a[WORDS_SIZE], b[WORDS_SIZE], c[WORDS_SIZE];

	if (vm->status == JAVA_NONE)
		return;
	fputs("leakshim: ", to);
	text_stack_name(to, vm->version);
	if (vm->status == JAVA_SWITCHED_OFF)
		fputs(": its objects were not followed (jvm=0).\n", to);
	else if (vm->status == JAVA_DECLINED)
		fputs(": its objects were not followed: ", to), words_escape(to, vm->reason), fputs(".\n", to);
	else if (vm->is_walked)
		fprintf(to, ": %s objects of its heap were looked at in %.1f ms; native memory was not searched for pointers.\n",
			words_number(a, vm->walk_objects, false), (double)vm->walk_took_us / 1000);
	else if (vm->is_walk_short)
		fprintf(to, ": %s objects of its heap were looked at in %.1f ms, then the time was up; what is lost "
			    "could not be told from what was not met.\n",
			words_number(a, vm->walk_objects, false), (double)vm->walk_took_us / 1000);
	else
		fprintf(to, ": its heap was not looked at%s%s.\n", vm->walk_failure ? ": " : "",
			vm->walk_failure ? vm->walk_failure : "");
	if (pools->chunks)
		fprintf(to, "leakshim: Netty's pools have %s %s of direct memory, %s; %s living buffers fill %.1f %% of it.\n",
			words_number(a, (double)pools->chunks, false), pools->chunks == 1 ? "chunk" : "chunks",
			words_bytes(b, (double)pools->bytes, false), words_number(c, (double)pools->buffers, false),
			(double)pools->used * 100 / (double)pools->bytes);
	if (vm->untouched)
		fprintf(to, "leakshim: %s classes that are followed elsewhere were left as they are.\n",
			words_number(a, (double)vm->untouched, false));
}

static void print_summary(FILE *to, const struct report *r)
{
	const struct diagnosis *d = r->diagnosis;
	char a[WORDS_SIZE], b[WORDS_SIZE];

	fputs("leakshim: ", to);
	if (d->shown.groups)
		print_groups(to, "", &d->shown, r->model);
	if (d->shown.groups && d->hanging.groups)
		fprintf(to, " + %s %s, %s, that hang on them", words_number(a, d->hanging.blocks, r->model->is_sampled),
			d->hanging.blocks < 1.5 ? "block" : "blocks",
			words_bytes(b, d->hanging.bytes, r->model->is_sampled));
	if (!d->shown.groups)
		fputs(d->blind ? "nothing is known" : "no leaks", to);
	if (d->finding_count)
		fprintf(to, ", %s wrong %s", words_number(a, d->finding_count, false),
			d->finding_count == 1 ? "use" : "uses");
	if (d->totals[CLASS_IN_FLIGHT].blocks > 0 && !d->is_shown[CLASS_IN_FLIGHT])
		fprintf(to, ", %s in flight", words_number(a, d->totals[CLASS_IN_FLIGHT].blocks, r->model->is_sampled));
	fprintf(to, ". %s", words_ended(&r->model->pool, r->model));
	print_missed(to, r);
	print_classes(to, r);
	print_largest(to, r);
	print_scan(to, r->model);
	print_filter(to, r->model);
	print_java_vm(to, r);
	print_probes(to, r->model);
	if (r->model->is_sampled)
		fputs("leakshim: only a sample was followed; numbers with ~ are estimates.\n", to);
	for (uint32_t i = 0; i < d->note_count; i++) {
		fputs("leakshim: note: ", to);
		words_escape(to, d->notes[i]);
		fputc('\n', to);
	}
}

void report_text(FILE *to, const struct report *r)
{
	const struct diagnosis *d = r->diagnosis;
	uint32_t detailed = r->text_most && r->text_most < d->detailed ? r->text_most : d->detailed;
	char a[WORDS_SIZE];

	text_stack_full(r->is_full);
	if (r->is_headed) {
		fputs("leakshim: report of ", to);
		words_escape(to, r->model->program);
		if (!r->model->process_count)
			fprintf(to, " (pid %u)", r->model->pid);
		fputs(":\n", to);
	}
	if (d->blind)
		fprintf(to, "leakshim: NOTHING IS KNOWN of this program's memory: %s.\n", d->blind);
	for (uint32_t i = 0; i < d->finding_count; i++)
		print_finding(to, r->model, &d->findings[i]);
	for (uint32_t i = 0; i < detailed; i++) {
		progress_writing(to, i, detailed);
		print_leak(to, r->model, &d->leaks[i]);
	}
	progress_end();
	if (d->leak_count > detailed)
		fprintf(to, "... and %s smaller groups (--max 0 shows all)\n\n",
			words_number(a, d->leak_count - detailed, false));
	print_summary(to, r);
	if (r->is_trace_gone)
		return;
	fputs(r->is_sum ? "leakshim: sum of " : "leakshim: trace ", to);
	words_escape(to, r->model->path);
	fputs("; next: ", to);
	words_escape(to, r->next);
	fputc('\n', to);
}

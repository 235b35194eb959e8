/* SPDX-License-Identifier: MIT */
/* Which line forgot, in words. */
#include "path.h"
#include "text_parts.h"

#include <inttypes.h>
#include <string.h>

#include "words.h"

#define USUALLY_SHOWN 3u

static void print_missing_release(FILE *to, const struct missing_release *missing)
{
	bool is_named = missing->function && *missing->function;

	fputs(" in ", to);
	if (is_named || !missing->module)
		text_stack_function(to, is_named ? missing->function : "?");
	if (missing->file && missing->line) {
		fputs(" (", to);
		words_escape(to, path_file(missing->file));
		fprintf(to, ":%u", missing->line);
		if (missing->last_line > missing->line)
			fprintf(to, "-%u", missing->last_line);
		fputc(')', to);
	} else if (missing->module) {
		fputs(is_named ? " in " : "", to);
		text_stack_name(to, path_file(missing->module));
		fprintf(to, "+0x%" PRIx64, missing->offset);
	}
}

static void print_usually(FILE *to, const struct explanation *e)
{
	const struct lifetime *l = e->lifetime;
	unsigned shown = e->usually_count < 2 ? 0 : e->usually_count < USUALLY_SHOWN ? e->usually_count : USUALLY_SHOWN;
	char a[WORDS_SIZE], b[WORDS_SIZE];

	if (!e->usually || (!shown && !l)) /* of one place it was just said */
		return;
	fputs("  Usually released", to);
	if (l) /* they are counted in steps: these are the upper ends */
		fprintf(to, " within %s", words_time(a, l->p50_us));
	if (l && strcmp(a, words_time(b, l->p99_us)))
		fprintf(to, " (99 %% within %s)", b);
	for (unsigned i = 0; i < shown; i++) {
		fputs(i ? ", " : " at ", to);
		text_at(to, e->usually[i].place);
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
	fputs(words_holder(h->what), to);
	if (h->function) {
		fputs(" of ", to);
		text_stack_function(to, h->function);
	}
	if (h->created_at) {
		fputs(" made in ", to);
		text_at(to, h->created_at);
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
void text_explanation(FILE *to, enum cause cause, const struct explanation *e, bool is_possible)
{
	static const char *const sure[CONFIDENCES] = { " (a guess)", " (likely)", "" };
	bool is_done = cause == CAUSE_MISMATCH || cause == CAUSE_DOUBLE_RELEASE || cause == CAUSE_RACE;

	if (!e)
		return;
	if (e->missing) {
		fputs(is_done ? "  Done" : is_possible ? "  If it is lost, forgotten" : "  Forgotten", to);
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
		if (!words_tells(e, i) && !text_stack_is_full())
			continue;
		fputs("  ", to);
		text_stack_function(to, e->because[i]);
		fputs(".\n", to);
	}
	print_usually(to, e);
	print_holder(to, e->last_held_by);
	if (e->advice && !is_possible) { /* what may be in use is nobody's to release */
		fputs("  Advice: ", to);
		text_stack_function(to, e->advice);
		fputs(".\n", to);
	}
}

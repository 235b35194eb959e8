/* SPDX-License-Identifier: MIT */
/* What a living process keeps too long, in words. */
#include "text_parts.h"

#include "words.h"

static void print_growth(FILE *to, const struct overdue *o)
{
	bool is_estimate = o->group->is_estimate;
	char a[WORDS_SIZE], b[WORDS_SIZE];

	if (!(o->count_a_minute > 0))
		return;
	fprintf(to, "  %s more a minute", words_number(a, o->count_a_minute, is_estimate));
	if (o->bytes_a_minute > 0)
		fprintf(to, ", %s", words_bytes(b, o->bytes_a_minute, is_estimate));
	if (o->forecast_us)
		fprintf(to, "; at this rate %.0f GiB in %s", o->forecast_bytes / (1024.0 * 1024 * 1024), words_time(a, o->forecast_us));
	fputs(".\n", to);
}

static void print_holders(FILE *to, const struct overdue *o)
{
	if (!o->held_count)
		return;
	fputs("  The oldest is held by ", to);
	for (unsigned i = 0; i < o->held_count; i++) {
		fputs(i ? " -> " : "", to);
		text_stack_function(to, o->held_by[i]);
	}
	fputs(".\n", to);
}

static void print_head(FILE *to, const struct overdue *o)
{
	char a[WORDS_SIZE], b[WORDS_SIZE];

	fputs("OVERDUE: ", to);
	if (o->group->resource) {
		words_escape(to, o->group->type);
		fputs(": ", to);
	}
	fprintf(to, "%s of %s alive, ", words_number(a, o->count, o->group->is_estimate),
		words_number(b, o->group->count, o->group->is_estimate));
	fputs(words_sum(a, o->bytes, o->group->is_estimate, o->group->resource), to);
	if (o->stack.depth) {
		fputs(", made in ", to);
		text_stack_maker(to, &o->stack);
	}
	fprintf(to, " [%s]\n", o->group->fingerprint);
}

void text_overdue(FILE *to, const struct model *m, const struct overdue *o)
{
	char a[WORDS_SIZE], b[WORDS_SIZE];

	print_head(to, o);
	fprintf(to, "  Older than %s, the oldest %s;", words_time(a, o->limit_us), words_time(b, model_age(m, o->oldest_us)));
	fprintf(to, " of %s watched ones that were released from here", words_number(a, (double)o->lifetime.count, false));
	fprintf(to, " 99 %% were by %s", words_time(a, o->lifetime.p99_us));
	fprintf(to, ", all by %s.\n", words_time(a, o->lifetime.max_us));
	if (o->before_count > 0)
		fprintf(to, "  %s were alive here in the older trace.\n", words_number(a, o->before_count, o->group->is_estimate));
	print_growth(to, o);
	print_holders(to, o);
	text_records(to, o->group);
	fputs("Created at:\n", to);
	if (o->group->maker)
		text_stack(to, &(struct stack){ .places = (const struct place *[]){ o->group->maker }, .depth = 1 });
	text_stack(to, &o->stack);
	fputc('\n', to);
}

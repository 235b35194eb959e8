/* SPDX-License-Identifier: MIT */
/* What was done wrong, in words. */
#include "text_parts.h"

#include "words.h"

static void print_mismatch(FILE *to, const struct mismatch *mismatch, const char *fingerprint)
{
	static const char *const releases[FAMILIES] = { "free()", "free()", "operator delete",
							"operator delete[]" };
	char a[WORDS_SIZE], b[WORDS_SIZE];

	fprintf(to, "MISMATCH: memory of %s was released by %s: %s %s, %s [%s]\n",
		words_family(mismatch->made_by), releases[mismatch->released_by],
		words_number(a, (double)mismatch->count, false), text_times((double)mismatch->count),
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
		[WRONG_FREED_FOREIGN] = "FREED WHAT IS NO BLOCK",
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
		[WRONG_FREED_FOREIGN] = "was called for memory that malloc never handed out",
		[WRONG_RACED] = "and another thread changed the count at once, and a change was lost",
		[WRONG_OVERLAPPED] = "was entered by a thread while another one was inside",
	};
	char a[WORDS_SIZE];

	fprintf(to, "%s: ", heads[misuse->kind]);
	text_stack_name(to, m->types[misuse->type].name);
	fputc('.', to);
	text_stack_name(to, words_misuser(m, misuse));
	fprintf(to, "() %s: %s %s [%s]\n", what[misuse->kind],
		words_number(a, (double)misuse->times, false), text_times((double)misuse->times),
		fingerprint);
}

void text_finding(FILE *to, const struct model *m, const struct finding *finding)
{
	const struct misuse *misuse = finding->misuse;
	const struct mismatch *mismatch = finding->mismatch;
	uint64_t last = misuse ? misuse->last_us : mismatch->last_us;
	char a[WORDS_SIZE];

	if (misuse)
		print_misuse(to, m, misuse, finding->fingerprint);
	else
		print_mismatch(to, mismatch, finding->fingerprint);
	text_explanation(to, finding->cause, finding->explanation, false);
	fprintf(to, "  Last %s ago by thread ", words_time(a, model_age(m, last)));
	text_thread(to, &m->threads[misuse ? misuse->thread : mismatch->thread]);
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

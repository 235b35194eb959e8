/* SPDX-License-Identifier: MIT */
/* How numbers, times, names and endings read: see words.h. */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "words.h"

const char *words_number(char out[WORDS_SIZE], double number, bool is_estimate)
{
	char plain[32];
	size_t length, to = 0;

	snprintf(plain, sizeof(plain), "%.0f", number < 1e18 ? number : 1e18);
	length = strlen(plain);
	if (is_estimate)
		out[to++] = '~';
	for (size_t i = 0; i < length; i++) {
		if (i && (length - i) % 3 == 0)
			out[to++] = ',';
		out[to++] = plain[i];
	}
	out[to] = 0;
	return out;
}

const char *words_bytes(char out[WORDS_SIZE], double bytes, bool is_estimate)
{
	words_number(out, bytes, is_estimate);
	strcat(out, bytes >= 0.5 && bytes < 1.5 ? " byte" : " bytes");
	return out;
}

const char *words_sum(char out[WORDS_SIZE], double bytes, bool is_estimate, bool has_resources)
{
	return has_resources && !(bytes > 0) ? strcpy(out, "size unknown") : words_bytes(out, bytes, is_estimate);
}

const char *words_time(char out[WORDS_SIZE], uint64_t us)
{
	double s = (double)us / 1e6;

	if (us < 4000) /* the trace's clock is no finer */
		snprintf(out, WORDS_SIZE, "under 4 ms");
	else if (us < 1000000)
		snprintf(out, WORDS_SIZE, "%.0f ms", s * 1e3);
	else if (s < 120)
		snprintf(out, WORDS_SIZE, s < 10 ? "%.1f s" : "%.0f s", s);
	else if (s < 7200)
		snprintf(out, WORDS_SIZE, "%.0f min", s / 60);
	else if (s < 172800)
		snprintf(out, WORDS_SIZE, "%.0f h", s / 3600);
	else
		snprintf(out, WORDS_SIZE, "%.0f days", s / 86400);
	return out;
}

/* Bytes of the valid UTF-8 sequence at `at` that a reader may see as it is; 0 if none. */
static unsigned sequence(const unsigned char *at)
{
	uint32_t code;
	unsigned size;

	if (at[0] < 0x80)
		return at[0] >= 0x20 && at[0] != 0x7f;
	if (at[0] >= 0xc2 && at[0] <= 0xdf)
		size = 2, code = at[0] & 0x1f;
	else if ((at[0] & 0xf0) == 0xe0)
		size = 3, code = at[0] & 0x0f;
	else if (at[0] >= 0xf0 && at[0] <= 0xf4)
		size = 4, code = at[0] & 0x07;
	else
		return 0;
	for (unsigned i = 1; i < size; i++) {
		if ((at[i] & 0xc0) != 0x80)
			return 0;
		code = code << 6 | (at[i] & 0x3f);
	}
	if (code < 0xa0 || (size == 3 && code < 0x800) || (size == 4 && code < 0x10000) ||
	    code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff))
		return 0;
	/* Marks that turn the direction of text round, and breaks that some viewers obey. */
	if ((code >= 0x200e && code <= 0x200f) || (code >= 0x2028 && code <= 0x202e) ||
	    (code >= 0x2066 && code <= 0x2069))
		return 0;
	return size;
}

void words_escape(FILE *to, const char *text)
{
	const unsigned char *at = (const unsigned char *)text;

	while (*at) {
		unsigned size = sequence(at);

		if (size)
			fwrite(at, 1, size, to);
		else
			fprintf(to, "\\x%02x", *at);
		at += size ? size : 1;
	}
}

const char *words_utf8(struct pool *p, const char *text)
{
	const unsigned char *at = (const unsigned char *)text;
	char *copy = pool_take(p, strlen(text) * 3 + 1), *to = copy;

	while (*at) {
		unsigned size = sequence(at);

		if (size || *at < 0x80) {
			size = size ? size : 1;
			memcpy(to, at, size);
			to += size;
		} else {
			memcpy(to, "\xef\xbf\xbd", 3);
			to += 3;
			size = 1;
		}
		at += size;
	}
	*to = 0;
	return copy;
}

const char *words_class(enum leak_class class)
{
	static const char *const names[CLASSES] = {
		[CLASS_DEFINITE] = "definite",	 [CLASS_INDIRECT] = "indirect",
		[CLASS_POSSIBLE] = "possible",	 [CLASS_HELD] = "held",
		[CLASS_IN_FLIGHT] = "in-flight", [CLASS_REACHABLE] = "reachable",
		[CLASS_UNCLASSIFIED] = "unclassified", [CLASS_RUNTIME] = "runtime",
		[CLASS_IGNORED] = "ignored",
	};

	return names[class];
}

const char *words_class_reason(const struct model *m, enum leak_class class, bool is_one)
{
	static const char *const reasons[CLASSES][2] = {
		[CLASS_DEFINITE] = { "definite: nothing points at them any more",
				     "definite: nothing points at it any more" },
		[CLASS_INDIRECT] = { "indirect: only another leak points at them",
				     "indirect: only another leak points at it" },
		[CLASS_POSSIBLE] = { "possible: only pointers into their middle are left",
				     "possible: only pointers into its middle are left" },
		[CLASS_HELD] = { "held: still reachable, but the count says that someone forgot",
				 "held: still reachable, but the count says that someone forgot" },
		[CLASS_IN_FLIGHT] = { "in flight: young, and on their way at the end",
				      "in flight: young, and on its way at the end" },
		[CLASS_REACHABLE] = { "still reachable: something points at them",
				      "still reachable: something points at it" },
		[CLASS_UNCLASSIFIED] = { "not classified: no reachability scan was made",
					 "not classified: no reachability scan was made" },
		[CLASS_RUNTIME] = { "runtime: made by libc, ld.so or a language's runtime for itself",
				    "runtime: made by libc, ld.so or a language's runtime for itself" },
		[CLASS_IGNORED] = { "ignored: the program said that they are no leak",
				    "ignored: the program said that it is no leak" },
	};

	if (class == CLASS_UNCLASSIFIED && m->java.status == JAVA_FOLLOWED)
		return "not classified: whether anything leads to them could not be told";
	if (class == CLASS_UNCLASSIFIED && m->scan.is_done && m->scan.missing)
		return is_one ? "not classified: not all that may point at it could be looked at"
			      : "not classified: not all that may point at them could be looked at";
	if (class == CLASS_UNCLASSIFIED && m->scan.is_done)
		return "not classified: made after the latest scan";
	return reasons[class][is_one];
}

static const struct {
	const char *key, *what;
} unreads[UNREADS] = {
	[UNREAD_OTHER] = { "other", "for a reason that only a newer leakshim knows" },
	[UNREAD_NOT_COPIED] = { "not-copied", "under MADV_DONTFORK, and the program may not be read from outside" },
	[UNREAD_WIPED] = { "wiped", "under MADV_WIPEONFORK, and the program may not be read from outside" },
	[UNREAD_DEVICE] = { "device", "of a device: to read it may do things" },
	[UNREAD_NO_ACCESS] = { "no-access", "without access (PROT_NONE)" },
	[UNREAD_REFUSED] = { "refused", "that the kernel does not hand out: a hardware error, or no huge page left" },
	[UNREAD_ELSEWHERE] = { "elsewhere", "that a thread of the program supplies when it is touched (userfaultfd)" },
	[UNREAD_AIO] = { "aio", "asynchronous requests under way, whose data only the kernel knows" },
	[UNREAD_IO_URING] = { "io_uring", "requests under way in an io_uring, whose data only the kernel knows" },
};

const char *words_unread_key(enum unread_kind kind)
{
	return unreads[kind].key;
}

const char *words_unread(struct pool *p, const struct unread *unread)
{
	char bytes[WORDS_SIZE];

	if (!unread->start)
		return unreads[unread->kind].what;
	return pool_print(p, "%s in %u %s from 0x%" PRIx64 "%s%s, %s", words_bytes(bytes, (double)unread->bytes, false),
			  unread->ranges, unread->ranges == 1 ? "range" : "ranges", unread->start,
			  *unread->name ? " of " : "", unread->name, unreads[unread->kind].what);
}

static const struct {
	const char *word, *reason;
} causes[CAUSES] = {
	[CAUSE_NEVER_RELEASED] = { "never-released", "nothing in the program releases it" },
	[CAUSE_ERROR_PATH] = { "error-path", "one way through the code does not release it" },
	[CAUSE_OVERWRITTEN] = { "overwritten", "the last pointer to it was overwritten" },
	[CAUSE_REALLOC] = { "realloc", "a realloc lost it" },
	[CAUSE_OWNER_FREED] = { "owner-freed", "what pointed at it was freed first" },
	[CAUSE_CYCLE] = { "cycle", "they hold each other" },
	[CAUSE_GROWING_CACHE] = { "growing-cache", "what keeps it only grows" },
	[CAUSE_DROPPED_QUEUE] = { "dropped-queue", "nobody drains the queue that it went into" },
	[CAUSE_THREAD_EXIT] = { "thread-exit", "its thread ended without releasing it" },
	[CAUSE_LONGJMP] = { "longjmp", "a longjmp passed the release" },
	[CAUSE_EXCEPTION] = { "exception", "an exception passed the release" },
	[CAUSE_EXTRA_RETAIN] = { "extra-retain", "a retain has no release" },
	[CAUSE_RACE] = { "race", "two threads changed its count at once" },
	[CAUSE_NOT_DRAINED] = { "shutdown-not-drained", "it was in flight when the process ended" },
	[CAUSE_START_UP] = { "start-up-on-purpose", "made once and kept, which is no leak" },
	[CAUSE_LIBRARY] = { "library", "the library made it for itself" },
	[CAUSE_DOUBLE_RELEASE] = { "double-release", "it was released twice" },
	[CAUSE_MISMATCH] = { "mismatch", "the wrong function released it" },
	[CAUSE_NEVER_COMPLETED] = { "never-completed", "nobody completes it" },
	[CAUSE_UNSYNCHRONISED] = { "unsynchronised", "threads changed its count without order" },
	[CAUSE_NOT_AWAITED] = { "not-awaited", "nobody waited for it" },
	[CAUSE_CANCELLED] = { "cancelled", "it was cancelled, and that way does not release it" },
	[CAUSE_RETAINED] = { "retained", "a retain has no release" },
	[CAUSE_DROPPED] = { "dropped", "it was handed on to where nobody releases it" },
};

const char *words_cause(enum cause cause)
{
	return (unsigned)cause < CAUSES ? causes[cause].word : NULL;
}

const char *words_cause_reason(enum cause cause)
{
	return (unsigned)cause < CAUSES ? causes[cause].reason : NULL;
}

const char *words_confidence(enum confidence confidence)
{
	static const char *const words[CONFIDENCES] = { "guess", "likely", "certain" };

	return words[(unsigned)confidence < CONFIDENCES ? confidence : CONFIDENCE_GUESS];
}

bool words_tells(const struct explanation *e, unsigned because)
{
	return !(e->because_inner >> because & 1) || !e->missing || e->confidence == CONFIDENCE_GUESS;
}

const char *words_standing(enum standing standing)
{
	static const char *const words[] = { NULL, "new", "grown", "known" };

	return words[standing];
}

const char *words_wrong(enum wrong kind)
{
	static const char *const names[WRONGS] = {
		[WRONG_RELEASED_AGAIN] = "released-again",
		[WRONG_RETAINED_ENDED] = "retained-after-end",
		[WRONG_FREED_HELD] = "freed-while-held",
		[WRONG_MISMATCHED] = "mismatched-release",
		[WRONG_RACED] = "raced",
		[WRONG_OVERLAPPED] = "overlapped",
		[WRONG_FREED_TWICE] = "freed-twice",
		[WRONG_FREED_INSIDE] = "freed-inside",
		[WRONG_FREED_STACK] = "freed-stack",
		[WRONG_FREED_STATIC] = "freed-static",
		[WRONG_FREED_FOREIGN] = "freed-foreign",
	};

	return names[kind];
}

const char *words_family(enum family family)
{
	static const char *const names[FAMILIES] = { "malloc()", "aligned_alloc()",
						     "operator new", "operator new[]" };

	return names[family];
}

const char *words_misuser(const struct model *m, const struct misuse *misuse)
{
	const char *symbol = m->probes[misuse->probe].symbol;

	if (*symbol)
		return symbol;
	return misuse->type || misuse->count < FAMILY_NEW ? "free"
	       : misuse->count == FAMILY_NEW		  ? "operator delete"
							  : "operator delete[]";
}

const char *words_ending(enum ending ending)
{
	static const char *const names[] = { "none",  "none", "none",
					     "exit",    "_exit",    "quick_exit",
					     "abort",   "signal",   "exec",
					     "exit_group", "merged" };

	return names[ending];
}

/* How many of the processes of a merged trace ended in which way. */
static const char *ended_merged(struct pool *p, const struct model *m)
{
	unsigned all = m->process_count - 1, well = 0, live = 0, killed = 0;

	for (uint32_t i = 1; i < m->process_count; i++) {
		const struct process *one = &m->processes[i];

		well += (one->ending == ENDING_EXIT || one->ending == ENDING_FAST_EXIT) && !one->detail;
		live += one->ending == ENDING_RUNNING || one->ending == ENDING_SNAPSHOT;
		killed += one->ending == ENDING_SIGNAL || one->ending == ENDING_ABORT;
	}
	const char *text = pool_print(p, "Sums over %u %s:", all, all == 1 ? "process" : "processes");
	const char *before = " ";
	const struct {
		unsigned count;
		const char *how;
	} ways[] = { { well, "ended by exit(0)" }, { killed, "killed" }, { live, "running" },
		     { all - well - killed - live, "ended otherwise" } };

	for (size_t i = 0; i < sizeof(ways) / sizeof(*ways); i++)
		if (ways[i].count) {
			text = pool_print(p, "%s%s%u %s", text, before, ways[i].count, ways[i].how);
			before = ", ";
		}
	return text;
}

const char *words_process(struct pool *p, const struct model *m)
{
	unsigned count = m->process_count ? m->process_count - 1 : 0;

	return m->process_count ? pool_print(p, "%u %s", count, count == 1 ? "process" : "processes") : pool_print(p, "%u", m->pid);
}

const char *words_ended(struct pool *p, const struct model *m)
{
	const char *name;

	switch (m->ending) {
	case ENDING_RUNNING:
		return pool_print(p, "The program is still running (pid %u)", m->pid);
	case ENDING_SNAPSHOT:
		return "The program was running when this snapshot was made";
	case ENDING_EXIT:
		if (m->is_detail_unknown)
			return "The program ended by exit";
		return pool_print(p, "The program ended by exit(%d)", m->ending_detail);
	case ENDING_FAST_EXIT:
		return pool_print(p, "The program ended by _exit(%d)", m->ending_detail);
	case ENDING_QUICK_EXIT:
		return pool_print(p, "The program ended by quick_exit(%d)", m->ending_detail);
	case ENDING_ABORT:
		return "The program ended by abort()";
	case ENDING_SIGNAL:
		name = sigabbrev_np(m->ending_detail);
		return pool_print(p, "The program was killed by signal %d (%s%s)", m->ending_detail,
				  name ? "SIG" : "", name ? name : "unknown");
	case ENDING_EXEC:
		return "The program was replaced by exec";
	case ENDING_MERGED:
		return ended_merged(p, m);
	case ENDING_CALL:
		return pool_print(p, "The program ended by exit_group(%d), a system call of its own", m->ending_detail);
	default:
		return "The program ended without a word (by a signal that nobody can catch, by exit_group as a system call of "
		       "its own, or with the machine)";
	}
}

static const struct {
	const char *key, *one, *many;
} drops[MODEL_DROPS] = {
	{ "no_space", "allocation was not recorded: no space for the trace",
	  "allocations were not recorded: no space for the trace" },
	{ "reentrant", "allocation by a signal handler was not recorded",
	  "allocations by signal handlers were not recorded" },
	{ "no_thread", "allocation was not recorded: its thread could not be told",
	  "allocations were not recorded: their threads could not be told" },
	{ "stack", "block has no stack", "blocks have no stack" },
	{ "stack_cut", "stack was too deep and is cut", "stacks were too deep and are cut" },
	{ "site", "block has no site", "blocks have no site" },
	{ "missed_free", "block was freed behind our back",
	  "blocks were freed behind our back" },
};

const char *words_drop(struct pool *p, unsigned which, uint64_t count)
{
	char number[WORDS_SIZE];

	words_number(number, (double)count, false);
	if (!drops[which].key)
		return pool_print(p, "%s things were missed for a reason that only a newer "
				     "leakshim knows (%u)", number, which);
	return pool_print(p, "%s %s", number, count == 1 ? drops[which].one : drops[which].many);
}

const char *words_drop_key(unsigned which)
{
	return drops[which].key;
}

const char *words_holder(const char *what)
{
	static const char *const words[][2] = {
		{ "stack", "a local variable" }, { "register", "a register" },	{ "global", "a global variable" },
		{ "block", "a block" },		 { "thread-local", "a thread-local variable" }, { "mapping", "a mapping of the program's own" },
		{ "kernel", "the kernel" },
	};

	for (unsigned i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (!strcmp(what, words[i][0]))
			return words[i][1];
	return what;
}

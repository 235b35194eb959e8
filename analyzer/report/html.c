/* SPDX-License-Identifier: MIT */
/*
 * Diagnosis -> one HTML page for a person, without anything from elsewhere. The page reads its data from a JSON block and makes
 * text of it, never markup; its Content-Security-Policy lets only its own script run.
 */
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "entry.h"
#include "format.h"
#include "html_page.h"
#include "json.h"
#include "numbers.h"
#include "own.h"
#include "words.h"

#define CONTEXT 3u /* lines before and after */
#define LINE_MOST 200u

/* Frames are told once, behind the groups, and named there by number. */
struct html {
	FILE *page, *to, *frames_to; /* to: the data block of the page */
	char *frames_text;
	size_t frames_size;
	struct json *j, *frames;
	struct numbers known;
	const struct format_settings *settings;
	const struct report *report;
	struct pool scratch;
};

/* In a script block "<" could end it. */
struct guard {
	FILE *to;
};

static ssize_t guard_write(void *cookie, const char *text, size_t size)
{
	struct guard *g = cookie;

	for (size_t i = 0; i < size; i++)
		if (text[i] == '<')
			fputs("\\u003c", g->to);
		else
			fputc(text[i], g->to);
	return (ssize_t)size;
}

static int guard_close(void *cookie)
{
	free(cookie);
	return 0;
}

static FILE *guarded(FILE *to)
{
	struct guard *g = pool_regrow(NULL, 1, sizeof(*g));
	FILE *file;

	g->to = to;
	file = fopencookie(g, "w", (cookie_io_functions_t){ .write = guard_write, .close = guard_close });
	if (!file)
		abort();
	return file;
}

/* The file of a frame, if it really lies below the source root. */
static FILE *open_source(const struct html *h, const struct spot *spot)
{
	const char *root = h->settings->source_root;
	char path[PATH_MAX], real[PATH_MAX];
	size_t length = root ? strlen(root) : 0;

	if (!root || !spot->file || !spot->is_relative || !spot->line)
		return NULL;
	snprintf(path, sizeof(path), "%s/%s", root, spot->file);
	if (!realpath(path, real) || strncmp(real, root, length) || real[length] != '/')
		return NULL;
	return fopen(real, "re");
}

static void put_source(struct html *h, const struct spot *spot)
{
	unsigned first = spot->line > CONTEXT ? spot->line - CONTEXT : 1, number = 0;
	FILE *file = open_source(h, spot);
	char *line = NULL;
	size_t room = 0;

	if (!file)
		return;
	json_put_object(h->frames, "source");
	json_put_number(h->frames, "first", first);
	json_put_array(h->frames, "lines");
	while (number < spot->line + CONTEXT && getline(&line, &room, file) > 0) {
		if (++number < first)
			continue;
		line[strcspn(line, "\r\n")] = 0;
		if (strlen(line) > LINE_MOST)
			line[LINE_MOST] = 0;
		json_text(h->frames, words_utf8(&h->scratch, line));
	}
	json_array_end(h->frames);
	json_object_end(h->frames);
	free(line);
	fclose(file);
}

static void put_new_frame(struct html *h, const struct spot *spot)
{
	json_object(h->frames);
	json_put_text(h->frames, "function", spot->function);
	json_put_text(h->frames, "file", spot->file);
	json_put_number(h->frames, "line", spot->line);
	json_put_text(h->frames, "module", spot->module);
	json_put_hex(h->frames, "offset", spot->offset);
	json_put_bool(h->frames, "inlined", spot->is_inlined);
	json_put_bool(h->frames, "library", spot->is_library);
	put_source(h, spot);
	json_object_end(h->frames);
}

static uint32_t frame_id(struct html *h, const struct spot *spot)
{
	char *key = pool_print(&h->scratch, "%s|%s|%u|%s|%" PRIx64 "|%d", spot->function ? spot->function : "",
			       spot->file ? spot->file : "", spot->line, spot->module ? spot->module : "", spot->offset, spot->is_inlined);
	bool is_new;
	uint32_t id = (uint32_t)numbers_of(&h->known, key, &is_new);

	if (is_new)
		put_new_frame(h, spot);
	return id;
}

static void put_trail(struct html *h, const struct trail *trail)
{
	json_object(h->j);
	json_put_text(h->j, "title", trail->title);
	json_put_array(h->j, "frames");
	for (unsigned i = 0; i < trail->count; i++)
		json_integer(h->j, frame_id(h, &trail->spots[i]));
	json_array_end(h->j);
	json_object_end(h->j);
}

static const char *holder_text(struct html *h, const struct holder *holder)
{
	const char *text;

	if (!holder || !holder->what)
		return NULL;
	text = pool_print(&h->scratch, "%s%s%s%s%s", holder->symbol ? holder->symbol : "", holder->symbol ? ", " : "", words_holder(holder->what),
			  holder->function ? " of " : "", holder->function ? holder->function : "");
	if (holder->until)
		text = pool_print(&h->scratch, "%s, until %s", text, holder->until);
	return words_utf8(&h->scratch, text);
}

static void put_explanation(struct html *h, const struct entry *e)
{
	const struct explanation *x = e->leak ? e->leak->explanation : e->finding ? e->finding->explanation : NULL;
	const struct lifetime *l = x ? x->lifetime : NULL;
	enum cause cause = e->leak ? e->leak->cause : e->finding ? e->finding->cause : CAUSE_UNKNOWN;

	json_put_text(h->j, "cause", words_cause(cause));
	json_put_text(h->j, "missing", e->is_missing_release ? entry_spot_text(&h->scratch, &e->primary) : NULL);
	json_put_array(h->j, "because");
	for (unsigned i = 0; x && i < x->because_count; i++)
		if (words_tells(x, i))
			json_text(h->j, words_utf8(&h->scratch, x->because[i]));
	json_array_end(h->j);
	json_put_text(h->j, "advice", e->advice);
	json_put_text(h->j, "holder", x ? holder_text(h, x->last_held_by) : NULL);
	if (!l)
		return;
	json_put_object(h->j, "lifetime");
	json_put_number(h->j, "count", (double)l->count);
	json_put_seconds(h->j, "p50", l->p50_us);
	json_put_seconds(h->j, "p99", l->p99_us);
	json_put_seconds(h->j, "max", l->max_us);
	json_object_end(h->j);
}

static void put_group(void *data, const struct entry *e)
{
	struct html *h = data;
	const struct model *m = h->report->model;
	const struct leak *leak = e->overdue ? e->overdue->group : e->leak;
	struct json *j = h->j;

	json_object(j);
	json_put_text(j, "class", entry_rules[e->rule].id);
	json_put_text(j, "type", !leak ? "" : words_utf8(&h->scratch, leak->type));
	json_put_bool(j, "finding", e->finding != NULL);
	json_put_bool(j, "growth", e->rule == ENTRY_GROWTH);
	json_put_bool(j, "overdue", e->overdue != NULL);
	json_put_number(j, "count", e->count);
	json_put_number(j, "bytes", e->bytes);
	json_put_object(j, "dragged");
	json_put_number(j, "count", e->dragged_count);
	json_put_number(j, "bytes", e->dragged_bytes);
	json_object_end(j);
	json_put_text(j, "fingerprint", e->fingerprint);
	json_put_text(j, "place", entry_spot_text(&h->scratch, &e->primary));
	json_put_text(j, "message", e->message);
	json_put_seconds(j, "oldest", leak ? model_age(m, leak->oldest_us) : 0);
	put_explanation(h, e);
	json_put_array(j, "trails");
	for (unsigned i = 0; i < e->trail_count; i++)
		put_trail(h, &e->trails[i]);
	json_array_end(j);
	json_object_end(j);
	pool_drop(&h->scratch);
}

static void *open_html(FILE *to, const struct format_settings *settings)
{
	struct html *h = pool_regrow(NULL, 1, sizeof(*h));

	*h = (struct html){ .settings = settings, .page = to };
	fputs(html_page_before, to);
	h->to = guarded(to);
	h->frames_to = open_memstream(&h->frames_text, &h->frames_size);
	if (!h->frames_to)
		abort();
	h->j = json_open(h->to, 0);
	h->frames = json_open(h->frames_to, 0);
	fputs("{\"processes\":", h->to);
	json_array(h->j);
	json_array(h->frames);
	return h;
}

static void put_summary(struct html *h)
{
	const struct diagnosis *d = h->report->diagnosis;
	const struct model *m = h->report->model;
	double live = 0;

	json_put_object(h->j, "classes");
	for (unsigned class = 0; class < CLASSES; class++) {
		json_put_object(h->j, words_class((enum leak_class)class));
		json_put_number(h->j, "blocks", d->totals[class].blocks);
		json_put_number(h->j, "bytes", d->totals[class].bytes);
		json_object_end(h->j);
		live += d->totals[class].bytes;
	}
	json_object_end(h->j);
	json_put_number(h->j, "live_bytes", live);
	json_put_array(h->j, "notes");
	if (!d->is_complete)
		json_text(h->j, "Not complete: not everything was recorded; the text report says what was missed.");
	if (d->unclassified)
		json_text(h->j, pool_print(&h->scratch, "Not classified, so it is not known whether it is lost: %s", d->unclassified));
	if (d->detailed < d->leak_count)
		json_text(h->j, pool_print(&h->scratch, "%u smaller groups are left out (--max 0 shows all).", d->leak_count - d->detailed));
	for (uint32_t i = 0; i < d->note_count; i++)
		json_text(h->j, words_utf8(&h->scratch, d->notes[i]));
	json_array_end(h->j);
	json_put_text(h->j, "ended", words_utf8(&h->scratch, words_ended(&h->scratch, m)));
}

static void add_report(void *self, const struct report *report)
{
	struct html *h = self;

	h->report = report;
	json_object(h->j);
	json_put_text(h->j, "program", words_utf8(&h->scratch, report->model->program));
	json_put_number(h->j, "pid", report->model->pid);
	json_put_text(h->j, "who", words_process(&h->scratch, report->model));
	json_put_seconds(h->j, "seconds", report->model->now_us);
	put_summary(h);
	json_put_array(h->j, "groups");
	entry_each(report, h->settings->source_root, false, put_group, h);
	json_array_end(h->j);
	json_object_end(h->j);
	pool_drop(&h->scratch);
}

static void unknown_program(void *self, const char *program, const char *why)
{
	struct html *h = self;

	json_object(h->j);
	json_put_text(h->j, "program", program);
	json_put_number(h->j, "pid", 0);
	json_put_text(h->j, "who", "?");
	json_put_seconds(h->j, "seconds", 0);
	json_put_object(h->j, "classes");
	json_object_end(h->j);
	json_put_number(h->j, "live_bytes", 0);
	json_put_array(h->j, "notes");
	json_text(h->j, pool_print(&h->scratch, "Nothing is known of %s: %s", program, why));
	json_array_end(h->j);
	json_put_text(h->j, "ended", why);
	json_put_array(h->j, "groups");
	json_array_end(h->j);
	json_object_end(h->j);
	pool_drop(&h->scratch);
}

static void close_html(void *self)
{
	struct html *h = self;

	json_array_end(h->frames);
	json_close(h->frames);
	fclose(h->frames_to);
	json_array_end(h->j);
	json_close(h->j);
	fputs(",\"frames\":", h->to);
	fwrite(h->frames_text, 1, h->frames_size, h->to);
	fputs("}", h->to);
	fclose(h->to);
	fputs(html_page_after, h->page);
	numbers_drop(&h->known);
	free(h->frames_text);
	pool_drop(&h->scratch);
	free(h);
}

const struct format format_html = { "html", false, open_html, add_report, close_html, unknown_program };

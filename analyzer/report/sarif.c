/* SPDX-License-Identifier: MIT */
/*
 * Diagnosis -> SARIF 2.1.0, as code scanning reads it (OASIS standard; GitHub's limits: 25,000 results a run, 1,000 locations
 * a result, 20 tags). One run for all processes; what goes over the limits is counted in a notification.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "entry.h"
#include "format.h"
#include "json.h"
#include "version.h"
#include "words.h"

#define RESULTS_MOST 25000u
#define LOCATIONS_MOST 400u /* of one trail */
#define FLOWS_MOST 10u

struct sarif {
	struct json *j;
	const struct format_settings *settings;
	const struct report *report;
	struct pool scratch, notes_pool;
	const char **notes;
	unsigned note_count;
	uint32_t results, left_out;
	bool is_complete;
};

static void put_message(struct json *j, const char *key, const char *text)
{
	json_put_object(j, key);
	json_put_text(j, "text", text);
	json_object_end(j);
}

static void put_rule(struct json *j, const struct rule *rule)
{
	bool is_error = !strcmp(rule->level, "error");

	json_object(j);
	json_put_text(j, "id", rule->id);
	json_put_text(j, "name", rule->name);
	put_message(j, "shortDescription", rule->brief);
	put_message(j, "fullDescription", rule->help);
	json_put_object(j, "help");
	json_put_text(j, "text", rule->help);
	json_put_text(j, "markdown", rule->help);
	json_object_end(j);
	json_put_object(j, "defaultConfiguration");
	json_put_text(j, "level", rule->level);
	json_object_end(j);
	json_put_object(j, "properties");
	json_put_array(j, "tags");
	json_text(j, "memory");
	json_text(j, "resource-leak");
	json_array_end(j);
	json_put_text(j, "precision", is_error ? "very-high" : "medium");
	json_put_text(j, "problem.severity", is_error ? "error" : !strcmp(rule->level, "warning") ? "warning" : "recommendation");
	json_object_end(j);
	json_object_end(j);
}

static void put_tool(struct json *j)
{
	json_put_object(j, "tool");
	json_put_object(j, "driver");
	json_put_text(j, "name", "leakshim");
	json_put_text(j, "version", LEAKSHIM_VERSION);
	json_put_text(j, "semanticVersion", LEAKSHIM_VERSION);
	json_put_array(j, "rules");
	for (unsigned i = 0; i < ENTRY_RULES; i++)
		if (entry_rules[i].id)
			put_rule(j, &entry_rules[i]);
	json_array_end(j);
	json_object_end(j);
	json_object_end(j);
}

/* A path as part of a URI. */
static const char *uri(struct pool *p, const char *scheme, const char *path, const char *end)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~/!$&'()*+,;=@";
	char *text = pool_take(p, strlen(scheme) + strlen(path) * 3 + strlen(end) + 1);
	char *to = stpcpy(text, scheme);

	for (; *path; path++)
		to = strchr(plain, *path) ? (*to = *path, to + 1) : to + sprintf(to, "%%%02X", (unsigned char)*path);
	strcpy(to, end);
	return text;
}

static void put_artifact(struct sarif *s, const struct spot *spot)
{
	bool below_root = spot->file && spot->is_relative;

	json_put_object(s->j, "artifactLocation");
	json_put_text(s->j, "uri", uri(&s->scratch, below_root ? "" : "file://", spot->file ? spot->file : spot->module, ""));
	if (below_root && s->settings->source_root)
		json_put_text(s->j, "uriBaseId", "SRCROOT");
	json_object_end(s->j);
}

/* The inside of a location object. */
static void put_place(struct sarif *s, const struct spot *spot, const char *message)
{
	struct json *j = s->j;

	if (spot->file || spot->module) {
		json_put_object(j, "physicalLocation");
		put_artifact(s, spot);
		if (spot->line) {
			json_put_object(j, "region");
			json_put_number(j, "startLine", spot->line);
			if (spot->last_line > spot->line)
				json_put_number(j, "endLine", spot->last_line);
			json_object_end(j);
		}
		json_object_end(j);
	}
	if (spot->function) {
		json_put_array(j, "logicalLocations");
		json_object(j);
		json_put_text(j, "fullyQualifiedName", spot->function);
		json_put_text(j, "kind", "function");
		json_object_end(j);
		json_array_end(j);
	}
	if (message)
		put_message(j, "message", message);
}

static void put_flow(struct sarif *s, const struct trail *trail)
{
	struct json *j = s->j;

	json_object(j);
	put_message(j, "message", trail->title);
	json_put_array(j, "threadFlows");
	json_object(j);
	json_put_array(j, "locations");
	/* in the order of time: callers first */
	for (unsigned i = trail->count < LOCATIONS_MOST ? trail->count : LOCATIONS_MOST; i--;) {
		json_object(j);
		json_put_object(j, "location");
		put_place(s, &trail->spots[i], entry_spot_text(&s->scratch, &trail->spots[i]));
		json_object_end(j);
		json_object_end(j);
	}
	json_array_end(j);
	json_object_end(j);
	json_array_end(j);
	json_object_end(j);
}

static void put_trails(struct sarif *s, const struct entry *e)
{
	bool is_open = false;
	unsigned flows = 0;

	for (unsigned i = 0; i < e->trail_count && flows < FLOWS_MOST; i++) {
		if (!e->trails[i].count)
			continue;
		if (!is_open)
			json_put_array(s->j, "codeFlows");
		is_open = true;
		put_flow(s, &e->trails[i]);
		flows++;
	}
	if (is_open)
		json_array_end(s->j);
}

/* Where it was made, when the result points at another place. */
static void put_related(struct sarif *s, const struct entry *e)
{
	const struct trail *created = e->trail_count ? &e->trails[e->finding ? e->trail_count - 1 : 0] : NULL;

	if (!created || !created->count || !(e->is_missing_release || e->finding))
		return;
	json_put_array(s->j, "relatedLocations");
	json_object(s->j);
	json_put_number(s->j, "id", 1);
	put_place(s, &created->spots[0], created->title);
	json_object_end(s->j);
	json_array_end(s->j);
}

static void put_properties(struct sarif *s, const struct entry *e)
{
	struct json *j = s->j;

	json_put_object(j, "properties");
	json_put_number(j, "count", e->count);
	json_put_number(j, "bytes", e->bytes);
	if (e->leak) {
		json_put_number(j, "draggedCount", e->dragged_count);
		json_put_number(j, "draggedBytes", e->dragged_bytes);
		json_put_text(j, "cause", words_cause(e->leak->cause));
	}
	if (e->overdue) {
		json_put_real(j, "countAMinute", e->overdue->count_a_minute);
		json_put_real(j, "bytesAMinute", e->overdue->bytes_a_minute);
	}
	if (s->report->model->process_count)
		json_put_number(j, "processes", s->report->model->process_count - 1);
	else
		json_put_number(j, "pid", s->report->model->pid);
	json_put_text(j, "program", words_utf8(&s->scratch, s->report->model->program));
	json_object_end(j);
}

static void put_result(void *data, const struct entry *e)
{
	struct sarif *s = data;
	struct json *j = s->j;

	if (s->results >= RESULTS_MOST) {
		s->left_out++;
		return;
	}
	s->results++;
	json_object(j);
	json_put_text(j, "ruleId", entry_rules[e->rule].id);
	json_put_text(j, "level", entry_level(e));
	put_message(j, "message", pool_print(&s->scratch, "%s. %s%s%s", e->title, e->message, e->advice ? " Advice: " : "",
					     e->advice ? e->advice : ""));
	json_put_array(j, "locations");
	json_object(j);
	put_place(s, &e->primary, e->is_missing_release ? "The release is missing here." : NULL);
	json_object_end(j);
	json_array_end(j);
	put_related(s, e);
	put_trails(s, e);
	json_put_object(j, "partialFingerprints");
	json_put_text(j, "leakshimGroup/v1", e->fingerprint);
	json_object_end(j);
	if (s->settings->has_baseline)
		json_put_text(j, "baselineState", e->standing == STANDING_GROWN ? "updated" : e->standing == STANDING_KNOWN ? "unchanged" : "new");
	if (e->leak && e->leak->class == CLASS_IGNORED) {
		json_put_array(j, "suppressions");
		json_object(j);
		json_put_text(j, "kind", "external");
		json_object_end(j);
		json_array_end(j);
	}
	json_put_number(j, "occurrenceCount", e->count < 1 ? 1 : e->count > 2147483647 ? 2147483647 : e->count);
	put_properties(s, e);
	json_object_end(j);
	pool_drop(&s->scratch);
}

static void note(struct sarif *s, const char *text)
{
	s->notes = pool_regrow(s->notes, s->note_count + 1ul, sizeof(*s->notes));
	s->notes[s->note_count++] = words_utf8(&s->notes_pool, text);
}

static void *open_sarif(FILE *to, const struct format_settings *settings)
{
	struct sarif *s = pool_regrow(NULL, 1, sizeof(*s));

	*s = (struct sarif){ .j = json_open(to, 1), .settings = settings, .is_complete = true };
	json_object(s->j);
	json_put_text(s->j, "$schema", "https://json.schemastore.org/sarif-2.1.0.json");
	json_put_text(s->j, "version", "2.1.0");
	json_put_array(s->j, "runs");
	json_object(s->j);
	put_tool(s->j);
	json_put_text(s->j, "columnKind", "utf16CodeUnits");
	if (settings->source_root) {
		json_put_object(s->j, "originalUriBaseIds");
		json_put_object(s->j, "SRCROOT");
		json_put_text(s->j, "uri", uri(&s->scratch, "file://", words_utf8(&s->scratch, settings->source_root), "/"));
		json_object_end(s->j);
		json_object_end(s->j);
	}
	json_put_array(s->j, "results");
	return s;
}

static void add_report(void *self, const struct report *report)
{
	struct sarif *s = self;
	const struct diagnosis *d = report->diagnosis;
	char text[128];

	s->report = report;
	entry_each(report, s->settings->source_root, true, put_result, s);
	for (uint32_t i = 0; i < d->note_count; i++)
		note(s, d->notes[i]);
	if (d->detailed < d->leak_count) {
		snprintf(text, sizeof(text), "%u smaller groups of %s%s were left out (--max 0 shows all)",
			 d->leak_count - d->detailed, report->model->process_count ? "" : "process ",
			 words_process(&s->scratch, report->model));
		note(s, text);
	}
	if (d->unclassified) {
		s->is_complete = false;
		note(s, pool_print(&s->notes_pool, "%s%s: not classified, so it is not known whether it is lost: %s",
				   report->model->process_count ? "" : "process ", words_process(&s->scratch, report->model), d->unclassified));
	}
	if (!d->is_complete) {
		s->is_complete = false;
		snprintf(text, sizeof(text), "%s%s: not seen whole, the text report says what was missed",
			 report->model->process_count ? "" : "process ", words_process(&s->scratch, report->model));
		note(s, text);
	}
}

static void unknown_program(void *self, const char *program, const char *why)
{
	struct sarif *s = self;

	s->is_complete = false;
	note(s, pool_print(&s->notes_pool, "nothing is known of %s: %s", program, why));
}

static void close_sarif(void *self)
{
	struct sarif *s = self;
	char text[96];

	json_array_end(s->j);
	if (s->left_out) {
		snprintf(text, sizeof(text), "%u results beyond the first %u were left out, the most that code scanning takes",
			 s->left_out, RESULTS_MOST);
		note(s, text);
	}
	json_put_array(s->j, "invocations");
	json_object(s->j);
	json_put_bool(s->j, "executionSuccessful", s->is_complete);
	json_put_array(s->j, "toolExecutionNotifications");
	for (unsigned i = 0; i < s->note_count; i++) {
		json_object(s->j);
		put_message(s->j, "message", s->notes[i]);
		json_put_text(s->j, "level", "warning");
		json_object_end(s->j);
	}
	json_array_end(s->j);
	json_object_end(s->j);
	json_array_end(s->j);
	json_object_end(s->j);
	json_array_end(s->j);
	json_object_end(s->j);
	json_close(s->j);
	free(s->notes);
	pool_drop(&s->notes_pool);
	pool_drop(&s->scratch);
	free(s);
}

const struct format format_sarif = { "sarif", false, open_sarif, add_report, close_sarif, unknown_program };

/* SPDX-License-Identifier: MIT */
/* answer: error-path; in read_part; at the lines between the marks; build: glib-2.0 */
/* A page is put together of parts, of which some are missing and others no files at all. */
#include <glib.h>
#include <string.h>

struct page {
	GString *text;
	unsigned missing, broken;
};

static gboolean read_part(struct page *page, const char *path)
{
	GError *error = NULL;
	char *text = NULL;
	gsize size = 0;

	if (g_file_get_contents(path, &text, &size, &error)) {
		g_string_append_len(page->text, text, (gssize)size);
		g_free(text);
		return TRUE;
	}
	if (g_error_matches(error, G_FILE_ERROR, G_FILE_ERROR_NOENT)) {
		page->missing++;
		g_clear_error(&error);
		return TRUE;
	}
	page->broken++; /* <<< */
	g_string_append_printf(page->text, "[%d]", error->code);
#ifndef FAULT
	g_clear_error(&error);
#endif
	return FALSE; /* >>> */
}

int main(void)
{
	static const char *const parts[] = { "/nowhere/head", "/proc/version", "/", "/nowhere/foot", "/proc" };
	struct page page = { g_string_new(""), 0, 0 };
	unsigned good = 0;

	for (unsigned i = 0; i < 40; i++)
		good += read_part(&page, parts[i % G_N_ELEMENTS(parts)]);
	g_print("%u good, %u missing, %u broken, %d\n", good, page.missing, page.broken, page.text->len > 0);
	g_string_free(page.text, TRUE);
	return 0;
}

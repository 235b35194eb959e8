/* SPDX-License-Identifier: MIT */
/* answer: error-path; in table_load; at the lines between the marks */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct row { int columns; char **cells; };
struct table { int rows; struct row *row; };

static void row_clear(struct row *r)
{
	for (int i = 0; i < r->columns; i++)
		free(r->cells[i]);
	free(r->cells);
}

static void table_free(struct table *t)
{
	for (int i = 0; i < t->rows; i++)
		row_clear(&t->row[i]);
	free(t->row);
	free(t);
}

static int row_parse(struct row *r, const char *line)
{
	char *copy = strdup(line), *save = NULL;

	r->columns = 0;
	r->cells = calloc(8, sizeof(char *));
	for (char *w = strtok_r(copy, ",", &save); w && r->columns < 8; w = strtok_r(NULL, ",", &save))
		r->cells[r->columns++] = strdup(w);
	free(copy);
	return r->columns > 1 ? 0 : -1;
}

static struct table *table_load(const char *const *lines, int count)
{
	struct table *t = malloc(sizeof(*t));

	t->rows = 0;
	t->row = calloc((size_t)count, sizeof(struct row));
	for (int i = 0; i < count; i++) {
		t->rows++;
		if (row_parse(&t->row[i], lines[i])) {
#ifdef FAULT
			free(t->row); /* <<< */
			free(t);
#else
			table_free(t);
#endif
			return NULL; /* >>> */
		}
	}
	return t;
}

int main(void)
{
	static const char *const good[] = { "a,b,c", "d,e,f", "1,2,3" };
	static const char *const bad[] = { "a,b,c", "single", "1,2" };
	int rows = 0;

	for (int i = 0; i < 12; i++) {
		struct table *t = table_load(i % 4 == 1 ? bad : good, 3);

		if (!t)
			continue;
		rows += t->rows;
		table_free(t);
	}
	printf("%d\n", rows);
	return 0;
}

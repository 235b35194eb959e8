/* SPDX-License-Identifier: MIT */
/* A live view: see top.h. */
#include "top.h"

#include <ctype.h>
#include <curses.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <uthash.h>

#include "file.h"
#include "late.h"
#include "launch.h"
#include "own.h"
#include "path.h"
#include "process.h"
#include "read.h"
#include "stacks.h"
#include "symbols.h"
#include "words.h"

#define REFRESH_MS 1000
#define READING_MOST 10 /* of the time, in percent: large traces are read less often */

/* What one place keeps. */
struct row {
	uint64_t key;      /* by the stack's places, the same from one reading to the next */
	double blocks, bytes, ever;
	double grown, rate; /* bytes and allocations a second since the reading before */
	double overdue;     /* bytes */
	char place[160];
};

struct before {
	uint64_t key;
	double bytes, ever;
	uint64_t time_us;
	UT_hash_handle hh;
};

enum order { BY_BYTES, BY_GROWTH, BY_RATE, BY_BLOCKS, BY_OVERDUE, ORDERS };
static const char *const order_names[ORDERS] = { "live bytes", "growth", "allocations", "blocks", "overdue bytes" };

struct top {
	pid_t pid;
	const char *trace;
	struct row *rows;
	uint32_t row_count;
	struct before *before;
	double bytes, blocks, grown, overdue;
	char level[16], program[64], message[160], filter[64];
	bool is_filtering, is_over;
	enum order order;
	unsigned first, chosen;
	int wait_ms;
};

static enum order sort_by; /* qsort has no argument for it */

static double weight_of(const struct row *r)
{
	switch (sort_by) {
	case BY_GROWTH:
		return r->grown;
	case BY_RATE:
		return r->rate;
	case BY_BLOCKS:
		return r->blocks;
	case BY_OVERDUE:
		return r->overdue;
	default:
		return r->bytes;
	}
}

static int by_weight(const void *left, const void *right)
{
	double a = weight_of(left), b = weight_of(right);

	return a > b ? -1 : a < b ? 1 : 0;
}

static double now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static void compare(struct top *t, struct row *row, uint64_t time_us)
{
	struct before *b;
	double seconds;

	HASH_FIND(hh, t->before, &row->key, sizeof(row->key), b);
	if (!b) {
		b = pool_regrow(NULL, 1, sizeof(*b));
		memset(b, 0, sizeof(*b));
		b->key = row->key;
		HASH_ADD(hh, t->before, key, sizeof(b->key), b);
	} else if (time_us > b->time_us) {
		seconds = (double)(time_us - b->time_us) / 1e6;
		row->grown = (row->bytes - b->bytes) / seconds;
		row->rate = (row->ever - b->ever) / seconds;
	}
	b->bytes = row->bytes;
	b->ever = row->ever;
	b->time_us = time_us;
}

static void name_place(struct row *row, struct model *m, struct symbols *s, uint32_t node)
{
	static struct path path;
	struct stack stack;
	struct own own;
	const char *name, *file;
	const struct module *module;
	char unnamed[OWN_NAME];

	stacks_path(&path, m, s, node);
	stack = stacks_resolve(&path, m, s);
	own = own_frame(&stack);
	name = own_name(&own, unnamed);
	module = own.place && name != unnamed ? own.place->module : NULL;
	file = own.frame ? own.frame->file : NULL;
	if (file)
		snprintf(row->place, sizeof(row->place), "%.100s (%.40s:%u)", name, path_file(file), own.frame->line);
	else
		snprintf(row->place, sizeof(row->place), "%.100s%s%.40s", name, module ? " in " : "", module ? module->name : "");
}

/* Places that no file of symbols may change while we look: module and offset of each frame. */
static uint64_t key_of(const struct model *m, uint32_t node)
{
	uint64_t key = 14695981039346656037u;

	for (unsigned depth = 0; node && depth < 64; depth++, node = m->nodes[node].parent)
		key = (key ^ m->nodes[node].pc) * 1099511628211u;
	return key;
}

/* Of the places that blocks were seen to be let go from. */
static struct late **find_late(struct model *m)
{
	struct late **of_site = pool_array(&m->pool, m->site_count, sizeof(struct late *));

	for (uint32_t i = 0; i < m->release_count; i++) {
		struct late **late = &of_site[m->releases[i].site];

		if (!*late)
			*late = pool_take(&m->pool, sizeof(**late));
		late_release(*late, &m->releases[i]);
	}
	for (uint32_t i = 1; i < m->site_count; i++)
		if (of_site[i])
			late_settle(of_site[i], m->now_us);
	for (int again = 0; again < 2; again++)
		for (uint32_t i = 0; i < m->block_count; i++) {
			const struct block *b = &m->blocks[i];
			struct late *late = of_site[b->site];

			if (late && !again)
				late_first(late, b->time_us, i, 1, (double)b->size);
			else if (late && late_is_many(late))
				late_second(late, b->time_us, 1, (double)b->size);
		}
	return of_site;
}

static void gather(struct top *t, struct model *m)
{
	struct late **late = find_late(m);
	struct row *of_site = pool_array(&m->pool, m->site_count, sizeof(*of_site));
	double bytes_before = t->bytes;

	t->bytes = t->blocks = t->overdue = 0;
	for (uint32_t i = 0; i < m->block_count; i++) {
		of_site[m->blocks[i].site].blocks++;
		of_site[m->blocks[i].site].bytes += (double)m->blocks[i].size;
		t->bytes += (double)m->blocks[i].size;
	}
	t->blocks = m->block_count;
	t->grown = bytes_before > 0 ? t->bytes - bytes_before : 0;
	t->row_count = 0;
	t->rows = pool_regrow(t->rows, m->site_count + 1ul, sizeof(*t->rows));
	for (uint32_t i = 1; i < m->site_count; i++) {
		struct row *row = &t->rows[t->row_count];

		if (!m->sites[i].node || !m->sites[i].ever_blocks)
			continue;
		*row = of_site[i];
		row->key = key_of(m, m->sites[i].node);
		row->ever = (double)m->sites[i].ever_blocks;
		snprintf(row->place, sizeof(row->place), "%u", i);
		compare(t, row, m->now_us);
		if (late[i] && late_is_overdue(late[i]))
			t->overdue += row->overdue = late[i]->bytes;
		t->row_count++;
	}
}

/* Names for as many rows as a screen has, and all of them if there is a filter. */
static void name_rows(struct top *t, struct model *m, unsigned most)
{
	struct symbols *s = symbols_open(m);

	for (uint32_t i = 0; i < t->row_count && i < most; i++)
		name_place(&t->rows[i], m, s, m->sites[strtoul(t->rows[i].place, NULL, 10)].node);
	symbols_close(s);
}

static void keep_matching(struct top *t)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < t->row_count; i++)
		if (strcasestr(t->rows[i].place, t->filter))
			t->rows[kept++] = t->rows[i];
	t->row_count = kept;
}

static int read_again(struct top *t)
{
	struct read_options how = { .pid = (int)t->pid };
	double began = now_ms();
	struct model m;
	int status = read_trace(&m, t->trace, &how);

	if (!status) {
		gather(t, &m);
		sort_by = t->order;
		qsort(t->rows, t->row_count, sizeof(*t->rows), by_weight);
		name_rows(t, &m, *t->filter ? UINT32_MAX : t->first + (unsigned)LINES);
		if (*t->filter)
			keep_matching(t);
		snprintf(t->level, sizeof(t->level), "%s", m.level);
		snprintf(t->program, sizeof(t->program), "%s", path_file(m.program));
		t->is_over = m.ending != ENDING_RUNNING;
	}
	pool_drop(&m.pool);
	t->wait_ms = (int)((now_ms() - began) * 100 / READING_MOST);
	if (t->wait_ms < REFRESH_MS)
		t->wait_ms = REFRESH_MS;
	return status;
}

/* 12,345 / 12.3K / 4.5M, in seven columns. */
static const char *brief(char out[16], double n)
{
	static const char units[] = " KMGT";
	unsigned u = 0;
	double size = n < 0 ? -n : n;

	while (size >= 9999.5 && u < 4) {
		size /= 1024;
		u++;
	}
	snprintf(out, 16, u ? "%s%.1f%c" : "%s%.0f", n < 0 ? "-" : "", size, units[u]);
	return out;
}

/* Names are a stranger's: what a terminal would obey becomes a question mark. */
static void put_name(int line, int column, const char *name, int width)
{
	move(line, column);
	for (int i = 0; name[i] && i < width; i++)
		addch(isprint((unsigned char)name[i]) ? (chtype)(unsigned char)name[i] : '?');
}

static void draw(struct top *t)
{
	char a[16], b[16], c[16], d[16], e[16];
	int rows = LINES - 4, names = t->overdue > 0 ? 51 : 41;

	erase();
	attron(A_BOLD);
	mvprintw(0, 0, "leakshim top: ");
	put_name(0, 14, t->program, COLS - 40);
	attroff(A_BOLD);
	printw("  %d, level %s%s", (int)t->pid, t->level, t->is_over ? ", ended" : "");
	mvprintw(1, 0, "%s bytes in %s blocks, %s%s a look; by %s", brief(a, t->bytes), brief(b, t->blocks), t->grown > 0 ? "+" : "",
		 brief(c, t->grown), order_names[t->order]);
	if (*t->filter || t->is_filtering)
		printw("; filter %s%s", t->filter, t->is_filtering ? "_" : "");
	attron(A_REVERSE);
	mvprintw(2, 0, "%-*.*s", COLS, COLS, t->overdue > 0 ? "     live   growth/s   blocks  allocs/s   overdue  made in"
							    : "     live   growth/s   blocks  allocs/s  made in");
	attroff(A_REVERSE);
	for (int i = 0; i < rows && t->first + (unsigned)i < t->row_count; i++) {
		const struct row *r = &t->rows[t->first + (unsigned)i];

		if (t->first + (unsigned)i == t->chosen)
			attron(A_BOLD);
		mvprintw(3 + i, 0, "%9s %10s %8s %9s  ", brief(a, r->bytes), brief(b, r->grown), brief(c, r->blocks), brief(d, r->rate));
		if (r->overdue > 0)
			printw("%8s", brief(e, r->overdue));
		put_name(3 + i, names, r->place, COLS - names);
		attroff(A_BOLD);
	}
	mvprintw(LINES - 1, 0, "%.*s", COLS - 1, *t->message ? t->message : "q quit  s sort  / filter  r snapshot and report  l level  arrows move");
	refresh();
}

/* Runs one of our own commands on the terminal, and waits for a key. */
static void run_own(const char *const *arguments)
{
	char self[1024];
	pid_t child;

	launch_self(self, sizeof(self));
	def_prog_mode();
	endwin();
	child = *self ? fork() : -1;
	if (!child) {
		execv(self, (char *const *)arguments);
		_exit(127);
	}
	if (child > 0)
		waitpid(child, NULL, 0);
	printf("\nEnter goes back to the view\n");
	fflush(stdout);
	while (getchar() != '\n' && !feof(stdin))
		continue;
	reset_prog_mode();
	clearok(stdscr, TRUE);
}

static void take_snapshot(struct top *t)
{
	char pid[16];
	const char *arguments[] = { "leakshim", "snapshot", pid, NULL };

	snprintf(pid, sizeof(pid), "%d", (int)t->pid);
	run_own(arguments);
}

static void next_level(struct top *t)
{
	static const char *const levels[] = { "disabled", "simple", "advanced", "paranoid" };
	int level = 0;

	while (level < 3 && strcmp(levels[level], t->level))
		level++;
	level = (level + 1) % 4;
	if (file_set_level(t->trace, level) < 0)
		snprintf(t->message, sizeof(t->message), "the level cannot be changed");
	else
		snprintf(t->message, sizeof(t->message), "level %s from the next allocation on", levels[level]);
}

static void filter_key(struct top *t, int key)
{
	size_t length = strlen(t->filter);

	if (key == '\n' || key == KEY_ENTER || key == 27)
		t->is_filtering = false;
	if (key == 27)
		*t->filter = 0;
	if ((key == KEY_BACKSPACE || key == 127 || key == 8) && length)
		t->filter[length - 1] = 0;
	else if (key >= ' ' && key < 127 && length < sizeof(t->filter) - 1) {
		t->filter[length] = (char)key;
		t->filter[length + 1] = 0;
	}
	t->first = t->chosen = 0;
}

static void move_by(struct top *t, int by)
{
	long to = (long)t->chosen + by;
	unsigned rows = LINES > 5 ? (unsigned)LINES - 4 : 1;

	if (to < 0)
		to = 0;
	if (to >= (long)t->row_count)
		to = t->row_count ? (long)t->row_count - 1 : 0;
	t->chosen = (unsigned)to;
	if (t->chosen < t->first)
		t->first = t->chosen;
	if (t->chosen >= t->first + rows)
		t->first = t->chosen - rows + 1;
}

/* Returns whether the view goes on; *again: the trace is to be read now. */
static bool on_key(struct top *t, int key, bool *again)
{
	*again = true;
	*t->message = 0;
	if (t->is_filtering) {
		filter_key(t, key);
		return true;
	}
	switch (key) {
	case 'q':
		return false;
	case 's':
		t->order = (t->order + 1) % ORDERS;
		return true;
	case '/':
		t->is_filtering = true;
		return true;
	case 'r':
		take_snapshot(t);
		return true;
	case 'l':
		next_level(t);
		return true;
	case KEY_UP:
	case KEY_DOWN:
		move_by(t, key == KEY_UP ? -1 : 1);
		return true;
	case KEY_PPAGE:
	case KEY_NPAGE:
		move_by(t, key == KEY_PPAGE ? 4 - LINES : LINES - 4);
		return true;
	default:
		return true;
	}
}

static void watch(struct top *t)
{
	bool goes_on = true, again = true;
	double read_at = 0;

	while (goes_on) {
		if ((again || now_ms() - read_at >= t->wait_ms) && !t->is_over) {
			if (read_again(t))
				break;
			read_at = now_ms();
		}
		draw(t);
		timeout(t->wait_ms);
		int key = getch();

		again = false;
		if (key != ERR)
			goes_on = on_key(t, key, &again);
	}
}

int top_show(pid_t pid, const char *trace)
{
	struct top t = { .pid = pid, .trace = trace };
	struct before *b, *next;

	if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO)) {
		fputs("leakshim: top wants a terminal; leakshim report PID prints once\n", stderr);
		return -1;
	}
	setlocale(LC_ALL, "");
	if (!newterm(NULL, stdout, stdin)) {
		fputs("leakshim: top does not know this terminal; set TERM\n", stderr);
		return -1;
	}
	cbreak();
	noecho();
	keypad(stdscr, TRUE);
	curs_set(0);
	watch(&t);
	endwin();
	HASH_ITER(hh, t.before, b, next) {
		HASH_DEL(t.before, b);
		free(b);
	}
	free(t.rows);
	return 0;
}

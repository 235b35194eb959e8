/* SPDX-License-Identifier: MIT */
/* answer: cycle|extra-retain; in window_add|button_new; at the lines between the marks */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct widget {
	int refs;
	void (*dispose)(struct widget *self);
	char title[24];
};

static struct widget *widget_ref(struct widget *w)
{
	w->refs++;
	return w;
}

static void widget_unref(struct widget *w)
{
	if (w && --w->refs == 0) {
		w->dispose(w);
		free(w);
	}
}

static void widget_init(struct widget *w, const char *title, void (*dispose)(struct widget *))
{
	w->refs = 1;
	w->dispose = dispose;
	snprintf(w->title, sizeof(w->title), "%s", title);
}

struct window {
	struct widget base;
	struct button *buttons[4];
	int count;
};

struct button {
	struct widget base;
	struct window *window;
	int clicks;
};

static void button_dispose(struct widget *w)
{
	struct button *b = (struct button *)w;

#ifdef FAULT
	widget_unref(&b->window->base);
#else
	b->window = NULL;
#endif
}

static void window_dispose(struct widget *w)
{
	struct window *win = (struct window *)w;

	for (int i = 0; i < win->count; i++)
		widget_unref(&win->buttons[i]->base);
}

static struct button *button_new(const char *title)
{
	struct button *b = calloc(1, sizeof(*b));

	widget_init(&b->base, title, button_dispose);
	return b;
}

static struct window *window_new(const char *title)
{
	struct window *w = calloc(1, sizeof(*w));

	widget_init(&w->base, title, window_dispose);
	return w;
}

static void window_add(struct window *w, struct button *b)
{
	w->buttons[w->count++] = (struct button *)widget_ref(&b->base);
#ifdef FAULT
	b->window = (struct window *)widget_ref(&w->base); /* <<< >>> */
#else
	b->window = w;
#endif
}

int main(void)
{
	int clicks = 0;

	for (int i = 0; i < 7; i++) {
		struct window *w = window_new("main");
		struct button *ok = button_new("OK"), *no = button_new("Cancel");

		window_add(w, ok);
		window_add(w, no);
		ok->clicks += i;
		clicks += ok->clicks + w->count;
		widget_unref(&ok->base);
		widget_unref(&no->base);
		widget_unref(&w->base);
	}
	printf("%d\n", clicks);
	return 0;
}

/* SPDX-License-Identifier: MIT */
/* answer: owner-freed; in delay_destroy; at the lines between the marks */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct filter;

struct filter_ops {
	const char *name;
	int (*open)(struct filter *self, const char *arg);
	void (*process)(struct filter *self, float *samples, int n);
	void (*destroy)(struct filter *self);
};

struct filter {
	const struct filter_ops *ops;
	void *priv;
	struct filter *next;
};

struct gain {
	float factor;
};

static int gain_open(struct filter *self, const char *arg)
{
	struct gain *g = malloc(sizeof(*g));

	g->factor = (float)atof(arg);
	self->priv = g;
	return 0;
}

static void gain_process(struct filter *self, float *s, int n)
{
	struct gain *g = self->priv;

	for (int i = 0; i < n; i++)
		s[i] *= g->factor;
}

static void gain_destroy(struct filter *self)
{
	free(self->priv);
}

struct delay {
	float *line;
	int length, at;
};

static int delay_open(struct filter *self, const char *arg)
{
	struct delay *d = calloc(1, sizeof(*d));

	d->length = atoi(arg);
	d->line = calloc((size_t)d->length, sizeof(float));
	self->priv = d;
	return d->length > 0 ? 0 : -1;
}

static void delay_process(struct filter *self, float *s, int n)
{
	struct delay *d = self->priv;

	for (int i = 0; i < n; i++) {
		float was = d->line[d->at];

		d->line[d->at] = s[i];
		d->at = (d->at + 1) % d->length;
		s[i] = was;
	}
}

static void delay_destroy(struct filter *self) /* <<< */
{
	struct delay *d = self->priv;

#ifndef FAULT
	free(d->line);
#endif
	free(d);
} /* >>> */

static const struct filter_ops known[] = {
	{ "gain", gain_open, gain_process, gain_destroy },
	{ "delay", delay_open, delay_process, delay_destroy },
};

static struct filter *filter_add(struct filter **chain, const char *name, const char *arg)
{
	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++) {
		if (strcmp(known[i].name, name))
			continue;
		struct filter *f = calloc(1, sizeof(*f));

		f->ops = &known[i];
		f->ops->open(f, arg);
		f->next = *chain;
		return *chain = f;
	}
	return NULL;
}

static void chain_free(struct filter *chain)
{
	while (chain) {
		struct filter *next = chain->next;

		chain->ops->destroy(chain);
		free(chain);
		chain = next;
	}
}

int main(void)
{
	float out = 0;

	for (int round = 0; round < 10; round++) {
		struct filter *chain = NULL;
		float samples[16] = { 1, 2, 3 };

		filter_add(&chain, "gain", "0.5");
		filter_add(&chain, "delay", "5");
		filter_add(&chain, "gain", "2");
		for (struct filter *f = chain; f; f = f->next)
			f->ops->process(f, samples, 16);
		out += samples[6];
		chain_free(chain);
	}
	printf("%.2f\n", (double)out);
	return 0;
}

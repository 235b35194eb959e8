/* SPDX-License-Identifier: MIT */
/* answer: owner-freed; in vhost_clear; at the lines between the marks */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct header_rule {
	char *name, *value;
	struct header_rule *next;
};

struct tls_settings {
	char *cert, *key;
};

struct vhost {
	char *name;
	struct tls_settings tls;
	struct header_rule *rules;
};

struct config {
	struct vhost *hosts;
	size_t count;
	unsigned generation;
};

static struct config *active;

static char *xstrdup(const char *s)
{
	char *copy = s ? strdup(s) : NULL;

	if (s && !copy)
		abort();
	return copy;
}

static void rule_add(struct vhost *h, const char *name, const char *value)
{
	struct header_rule *r = malloc(sizeof(*r));

	if (!r)
		abort();
	r->name = xstrdup(name);
	r->value = xstrdup(value);
	r->next = h->rules;
	h->rules = r;
}

static struct config *config_build(unsigned generation)
{
	struct config *c = calloc(1, sizeof(*c));

	c->generation = generation;
	c->count = 3;
	c->hosts = calloc(c->count, sizeof(*c->hosts));
	for (size_t i = 0; i < c->count; i++) {
		struct vhost *h = &c->hosts[i];
		char name[32];

		snprintf(name, sizeof(name), "site%zu.example", i);
		h->name = xstrdup(name);
		if (i == 1) {
			h->tls.cert = xstrdup("/etc/ssl/site.pem");
			h->tls.key = xstrdup("/etc/ssl/site.key");
		}
		rule_add(h, "X-Frame-Options", "DENY");
		if (generation % 2)
			rule_add(h, "Server", "small");
	}
	return c;
}

static void vhost_clear(struct vhost *h) /* <<< */
{
	struct header_rule *r = h->rules, *next;

	for (; r; r = next) {
		next = r->next;
		free(r->name);
		free(r->value);
		free(r);
	}
	free(h->tls.cert);
#ifndef FAULT
	free(h->tls.key);
#endif
	free(h->name);
} /* >>> */

static void config_free(struct config *c)
{
	if (!c)
		return;
	for (size_t i = 0; i < c->count; i++)
		vhost_clear(&c->hosts[i]);
	free(c->hosts);
	free(c);
}

static void config_reload(unsigned generation)
{
	struct config *fresh = config_build(generation), *old = active;

	active = fresh;
	config_free(old);
}

int main(void)
{
	for (unsigned g = 0; g < 9; g++)
		config_reload(g);
	printf("%u\n", active->generation);
	config_free(active);
	active = NULL;
	return 0;
}

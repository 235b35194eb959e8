/* SPDX-License-Identifier: MIT */
/* answer: cycle; in node_new; at the lines between the marks */

#include <stdio.h>
#include <stdlib.h>

struct object {
	int references;
	struct object *parent, *child;
	char name[40];
};

static void object_put(struct object *o)
{
	if (!o || --o->references)
		return;
	object_put(o->child);
#ifdef FAULT
	object_put(o->parent);
#endif
	free(o);
}

static struct object *node_new(struct object *parent, const char *name)
{
	struct object *o = calloc(1, sizeof(*o));

	o->references = 1;
	snprintf(o->name, sizeof(o->name), "%s", name);
	if (parent) {
		o->parent = parent; /* <<< */
#ifdef FAULT
		parent->references++;
#endif
		parent->child = o; /* >>> */
	}
	return o;
}

int main(void)
{
	for (int i = 0; i < 8; i++) {
		struct object *root = node_new(NULL, "root");

		node_new(root, "leaf");
		object_put(root);
	}
	puts("done");
	return 0;
}

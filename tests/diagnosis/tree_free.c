/* SPDX-License-Identifier: MIT */
/* answer: owner-freed; in tree_free; at the lines between the marks */

#include <stdio.h>
#include <stdlib.h>

struct tree {
	int key;
	struct tree *left, *right;
};

static struct tree *tree_insert(struct tree *t, int key)
{
	if (!t) {
		t = calloc(1, sizeof(*t));
		t->key = key;
	} else if (key < t->key) {
		t->left = tree_insert(t->left, key);
	} else if (key > t->key) {
		t->right = tree_insert(t->right, key);
	}
	return t;
}

static void tree_free(struct tree *t)
{
	if (!t)
		return;
	tree_free(t->left);
#ifndef FAULT
	tree_free(t->right);
#endif
	free(t); /* <<< */
} /* >>> */

int main(void)
{
	struct tree *t = NULL;

	for (int i = 0; i < 50; i++)
		t = tree_insert(t, i * 37 % 51);
	printf("%d\n", t->key);
	tree_free(t);
	return 0;
}

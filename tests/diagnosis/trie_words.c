/* SPDX-License-Identifier: MIT */
/* answer: owner-freed; in trie_drop; at the lines between the marks */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
typedef struct trie_t { struct trie_t *kid[26]; char *meaning; } trie_t;
static void trie_put(trie_t *t, const char *w, const char *meaning)
{
    for (; *w; ++w) {
        if (!t->kid[*w - 'a']) t->kid[*w - 'a'] = calloc(1, sizeof(trie_t));
        t = t->kid[*w - 'a'];
    }
    free(t->meaning);
    t->meaning = strdup(meaning);
}
static const char *trie_get(const trie_t *t, const char *w)
{
    for (; t && *w; ++w) t = t->kid[*w - 'a'];
    return t ? t->meaning : NULL;
}
static void trie_drop(trie_t *t)
{
    if (!t) return;
    for (int i = 0; i < 26; ++i) trie_drop(t->kid[i]);
#ifndef FAULT
    free(t->meaning);
#endif
    free(t); /* <<< >>> */
}
int main(void)
{
    trie_t *root = calloc(1, sizeof *root);
    trie_put(root, "cat", "animal");
    trie_put(root, "car", "machine");
    trie_put(root, "care", "attention");
    trie_put(root, "dog", "another animal");
    printf("%s %s\n", trie_get(root, "car"), trie_get(root, "dog"));
    trie_drop(root);
    return 0;
}

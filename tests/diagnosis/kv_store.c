/* SPDX-License-Identifier: MIT */
/* answer: overwritten; in kv_put|slot_assign; at the lines between the marks */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
typedef struct { uint32_t hash; char *key; void *val; size_t len; } Slot;
typedef struct { Slot *slots; size_t cap, used; } KV;
static uint32_t fnv(const char *s) { uint32_t h = 2166136261u; for (; *s; s++) h = (h ^ (uint8_t)*s) * 16777619u; return h; }
static Slot *kv_find(KV *kv, const char *key, uint32_t h)
{
    size_t i = h & (kv->cap - 1);
    while (kv->slots[i].key && (kv->slots[i].hash != h || strcmp(kv->slots[i].key, key) != 0))
        i = (i + 1) & (kv->cap - 1);
    return &kv->slots[i];
}
static void slot_assign(Slot *s, const void *val, size_t len)
{
#ifndef FAULT
    free(s->val);
#endif
    s->val = malloc(len); /* <<< */
    memcpy(s->val, val, len);
    s->len = len; /* >>> */
}
static void kv_put(KV *kv, const char *key, const void *val, size_t len)
{
    uint32_t h = fnv(key);
    Slot *s = kv_find(kv, key, h);
    if (!s->key) {
        s->key = strdup(key);
        s->hash = h;
        kv->used++;
    }
    slot_assign(s, val, len); /* <<< >>> */
}
static void kv_free(KV *kv)
{
    for (size_t i = 0; i < kv->cap; i++) {
        free(kv->slots[i].key);
        free(kv->slots[i].val);
    }
    free(kv->slots);
}
int main(void)
{
    KV kv = { calloc(64, sizeof(Slot)), 64, 0 };
    char key[16];
    for (int i = 0; i < 75; i++) {
        snprintf(key, sizeof key, "k%d", i % 25);
        kv_put(&kv, key, &i, sizeof i);
    }
    printf("%zu\n", kv.used);
    kv_free(&kv);
    return 0;
}

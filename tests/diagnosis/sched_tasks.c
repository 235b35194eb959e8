/* SPDX-License-Identifier: MIT */
/* answer: owner-freed; in task_cancel; at the lines between the marks */
#include <stdio.h>
#include <stdlib.h>
typedef void (*task_fn)(void *);
struct ctx { int id; char note[50]; };
struct task { task_fn fn; void *arg; unsigned due; struct task *next; };
struct sched { struct task *head; unsigned now; int ran; };
static int total;
static void say(void *arg) { struct ctx *c = arg; total += c->id; free(c); }
static struct task *task_add(struct sched *s, task_fn fn, void *arg, unsigned in)
{
  struct task *t = malloc(sizeof(struct task)), **p = &s->head;
  t->fn = fn; t->arg = arg; t->due = s->now + in;
  while (*p && (*p)->due <= t->due) p = &(*p)->next;
  t->next = *p; *p = t;
  return t;
}
static void task_cancel(struct sched *s, struct task *t)
{
  for (struct task **p = &s->head; *p; p = &(*p)->next)
    if (*p == t) { *p = t->next; break; }
#ifndef FAULT
  free(t->arg);
#endif
  free(t); /* <<< >>> */
}
static void sched_run(struct sched *s)
{
  while (s->head) {
    struct task *t = s->head;
    s->head = t->next; s->now = t->due;
    t->fn(t->arg); s->ran++;
    free(t);
  }
}
static struct ctx *ctx_new(int id) { struct ctx *c = malloc(sizeof *c); c->id = id; snprintf(c->note, sizeof c->note, "task %d", id); return c; }
int main(void)
{
  struct sched s = { NULL, 0, 0 };
  struct task *ts[30];
  for (int i = 0; i < 30; i++) ts[i] = task_add(&s, say, ctx_new(i), (unsigned)(i * 7 % 11));
  for (int i = 3; i < 30; i += 10) task_cancel(&s, ts[i]);
  sched_run(&s);
  printf("%d %d\n", s.ran, total);
  return 0;
}

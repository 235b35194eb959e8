/* SPDX-License-Identifier: MIT */
/* Eight static objects that are all let go, by a function that cannot be followed. "twice": one by another one, twice. */
#include <string.h>

struct session { int refs; char name[60]; };
static struct session sessions[8];

__attribute__((noinline)) struct session *session_open(int i)
{
	sessions[i].refs = 1;
	strcpy(sessions[i].name, "open");
	return &sessions[i];
}

/* Each round of a loop that begins at its entry would look like a call. */
__attribute__((used)) void session_close(struct session *s);
__asm__(".globl session_close\n.type session_close,@function\n"
	"session_close: decl (%rdi)\n js session_close\n ret\n.size session_close,.-session_close\n");

__attribute__((noinline)) void session_kill(struct session *s) { s->refs--; s->name[0] = 0; }

int main(int argc, char **argv)
{
	for (int i = 0; i < 8; i++)
		session_close(session_open(i));
	if (argc > 1) { struct session *s = session_open(0); session_kill(s); session_kill(s); }
	return 0;
}

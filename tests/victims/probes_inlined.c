/* SPDX-License-Identifier: MIT */
/* Static sessions that are all let go, by a function that the compiler puts into main; KEPT is one that it also keeps. */
struct session { int refs; char name[60]; };
static struct session sessions[8];

__attribute__((noinline)) struct session *session_open(int i)
{
	sessions[i].refs = 1;
	return &sessions[i];
}

KEPT inline __attribute__((always_inline)) void session_close(struct session *s) { s->refs--; }
#ifdef POINTED
void (*volatile close_later)(struct session *) = session_close;
#endif

int main(void)
{
	for (int i = 0; i < 8; i++)
		session_close(session_open(i));
	return 0;
}

/* SPDX-License-Identifier: MIT */
/* answer: error-path; in on_readable|client_read; at the lines between the marks */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
typedef struct client { int fd; char *inbox; size_t got; int (*handler)(struct client *, const char *); } client_t;
static int handled;
static int on_ping(client_t *c, const char *m) { (void)c; handled += m[0] == 'p'; return 0; }
static int on_bad(client_t *c, const char *m) { (void)c; (void)m; return -1; }
static void client_close(client_t *c) { close(c->fd); free(c->inbox); free(c); }
static int on_readable(client_t *c)
{
    char *msg = malloc(128);
    ssize_t n = read(c->fd, msg, 127);
    if (n <= 0) {
        free(msg);
        return -1;
    }
    msg[n] = 0;
    if (c->handler(c, msg) < 0) {
        fprintf(stderr, "client %d misbehaves\n", c->fd); /* <<< */
#ifndef FAULT
        free(msg);
#endif
        return -1; /* >>> */
    }
    c->got += (size_t)n;
    free(msg);
    return 0;
}
int main(void)
{
    for (int i = 0; i < 10; i++) {
        int pair[2];
        if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair)) return 1;
        client_t *c = malloc(sizeof *c);
        *c = (client_t){ pair[0], strdup("inbox"), 0, i % 5 == 2 ? on_bad : on_ping };
        if (write(pair[1], "ping", 4) == 4 && on_readable(c) == 0) { close(pair[1]); on_readable(c); } else close(pair[1]);
        client_close(c);
    }
    printf("%d\n", handled);
    return 0;
}

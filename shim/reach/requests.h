/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_REACH_REQUESTS_H
#define LEAKSHIM_REACH_REQUESTS_H
/*
 * Requests under way in the kernel, whose data it hands back with the result and shows to nobody. An io_uring's are in its
 * queue, which the program has mapped, until others take their places there; how many are under way is in
 * /proc/PID/fdinfo. Of an aio context nothing is known but that there is one.
 * Only inside the scanning process.
 */
#include "maps.h"
#include "unread.h"

/* `path`: fdinfo of an io_uring. */
void reach_requests_of_ring(struct reach_unread *unread, const char *path, char *buffer, uint32_t size);

void reach_requests_of_aio(struct reach_unread *unread, const struct reach_maps *maps);
#endif

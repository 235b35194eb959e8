/* SPDX-License-Identifier: MIT */
/* answer: never-released|overwritten; in can_bind; at the lines between the marks */
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

static int can_bind(const char *port)
{
	struct addrinfo hints, *list;
	int n = 0;

	memset(&hints, 0, sizeof(hints));
	hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE;
	hints.ai_socktype = SOCK_STREAM;
	if (getaddrinfo("127.0.0.1", port, &hints, &list))
		return 0;
	for (struct addrinfo *a = list; a; a = a->ai_next) /* <<< */
		n += a->ai_family == AF_INET;
#ifndef FAULT
	freeaddrinfo(list);
#endif
	return n; /* >>> */
}

int main(void)
{
	int n = 0;

	for (int i = 0; i < 6; i++)
		n += can_bind("8080");
	printf("%d\n", n);
	return 0;
}

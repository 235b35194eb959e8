/* SPDX-License-Identifier: MIT */
/* answer: error-path; in spec_read; at the lines between the marks */
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

struct bound {
	struct sockaddr_storage address;
	unsigned length, port;
};

static unsigned port_of(const struct addrinfo *a)
{
	char name[16];

	if (getnameinfo(a->ai_addr, a->ai_addrlen, NULL, 0, name, sizeof name, NI_NUMERICSERV))
		return 0;
	unsigned port = 0;

	sscanf(name, "%u", &port);
	return port;
}

/* "address port": only ports of users are taken. */
static int spec_read(const char *address, const char *port, struct bound *b)
{
	struct addrinfo how = { .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE, .ai_socktype = SOCK_DGRAM };
	struct addrinfo *all, *one = NULL;

	if (getaddrinfo(address, port, &how, &all) != 0)
		return -1;
	for (struct addrinfo *a = all; a; a = a->ai_next) {
		b->port = port_of(a);
		if (b->port > 1023) {
			one = a;
			break;
		}
	}
	if (one == NULL) { /* <<< */
#ifndef FAULT
		freeaddrinfo(all);
#endif
		return -1;
	} /* >>> */
	memcpy(&b->address, one->ai_addr, one->ai_addrlen);
	b->length = one->ai_addrlen;
	freeaddrinfo(all);
	return 0;
}

int main(void)
{
	static const char *const specs[][2] = {
		{ "127.0.0.1", "5353" }, { "127.0.0.1", "80" }, { "no host", "5353" }, { "::1", "8053" }, { "127.0.0.9", "1900" },
	};
	unsigned long sum = 0;

	for (unsigned i = 0; i < 60; i++) {
		struct bound b = { .length = 0 };

		if (!spec_read(specs[i % 5][0], specs[i % 5][1], &b))
			sum += b.port + b.length;
	}
	printf("%lu\n", sum);
	return 0;
}

/* SPDX-License-Identifier: MIT */
/* answer: overwritten; in send_all; at the lines between the marks */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int try_send(const char *packet, int attempt)
{
	return attempt >= 2 ? (int)strlen(packet) : -1;
}

static char *make_packet(const char *text, int attempt)
{
	char *p = malloc(strlen(text) + 20);

	sprintf(p, "%d:%s", attempt, text);
	return p;
}

static int send_all(const char *text)
{
	char *packet = make_packet(text, 0);
	int sent = -1;

	for (int attempt = 0; attempt < 5 && sent < 0; attempt++) {
		sent = try_send(packet, attempt);
		if (sent < 0) {
#ifndef FAULT
			free(packet);
#endif
			packet = make_packet(text, attempt + 1); /* <<< >>> */
		}
	}
	free(packet);
	return sent;
}

int main(void)
{
	int n = 0;

	for (int i = 0; i < 9; i++)
		n += send_all("payload");
	printf("%d\n", n);
	return 0;
}

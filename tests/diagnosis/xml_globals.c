/* SPDX-License-Identifier: MIT */
/* answer: library|start-up-on-purpose; in -; at the lines between the marks; build: libxml-2.0 */
#include <libxml/parser.h>
#include <libxml/xpath.h>
#include <stdio.h>

static int check(const char *text, int n)
{
	xmlDoc *doc = xmlReadMemory(text, n, "x", NULL, XML_PARSE_NOERROR);
	int ok = doc != NULL;

	xmlFreeDoc(doc);
	return ok;
}

int main(void)
{
	int n = 0;

	for (int i = 0; i < 10; i++)
		n += check(i % 2 ? "<a/>" : "<a>", i % 2 ? 4 : 3);
	printf("%d\n", n);
#ifndef FAULT
	xmlCleanupParser();
#endif
	return 0;
}

/* SPDX-License-Identifier: MIT */
/* answer: never-released; in digest_order; at the lines between the marks; build: libxml-2.0 */
/* Orders are written as XML, and a digest of the text is put into a list. */
#include <libxml/parser.h>
#include <libxml/tree.h>
#include <stdio.h>

static xmlDocPtr order_make(int number, int count)
{
	xmlDocPtr doc = xmlNewDoc(BAD_CAST "1.0");
	xmlNodePtr root = xmlNewNode(NULL, BAD_CAST "order");
	char text[20];

	xmlDocSetRootElement(doc, root);
	for (int i = 0; i < count; i++) {
		snprintf(text, sizeof(text), "%d", number * 10 + i);
		xmlNewChild(root, NULL, BAD_CAST "item", BAD_CAST text);
	}
	return doc;
}

static unsigned digest_order(int number)
{
	xmlDocPtr doc = order_make(number, number % 5 + 1);
	xmlChar *text = NULL;
	unsigned sum = 7;
	int size = 0;

	xmlDocDumpMemory(doc, &text, &size);
	for (const xmlChar *p = text; p && p < text + size; p++)
		sum = sum * 33 + *p;
	xmlFreeDoc(doc); /* <<< */
#ifndef FAULT
	xmlFree(text);
#endif
	return sum; /* >>> */
}

int main(void)
{
	unsigned all = 0;

	for (int i = 0; i < 30; i++)
		all ^= digest_order(i);
	xmlCleanupParser();
	printf("%u\n", all);
	return 0;
}

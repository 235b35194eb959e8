/* SPDX-License-Identifier: MIT */
/* answer: never-released|overwritten; in count_authors; at the lines between the marks; build: libxml-2.0 */
#include <libxml/parser.h>
#include <libxml/tree.h>
#include <stdio.h>
#include <string.h>

static const char feed[] = "<feed><e author='ann'>x</e><e author='bob'>y</e><e>z</e><e author='ann'>q</e></feed>";

static int count_authors(xmlNode *root, const char *who)
{
	int n = 0;

	for (xmlNode *e = root->children; e; e = e->next) {
		xmlChar *author = xmlGetProp(e, BAD_CAST "author"); /* <<< */

		if (author && !strcmp((char *)author, who))
			n++;
#ifndef FAULT
		xmlFree(author);
#endif
	}
	return n; /* >>> */
}

int main(void)
{
	xmlDoc *doc = xmlReadMemory(feed, sizeof(feed) - 1, "feed.xml", NULL, 0);
	int n = 0;

	for (int i = 0; i < 5; i++)
		n += count_authors(xmlDocGetRootElement(doc), "ann");
	printf("%d\n", n);
	xmlFreeDoc(doc);
	xmlCleanupParser();
	return 0;
}

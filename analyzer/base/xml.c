/* SPDX-License-Identifier: MIT */
/* Writing XML: see xml.h. */
#include "xml.h"

#include <libxml/xmlwriter.h>
#include <stdlib.h>
#include <string.h>

struct xml {
	xmlTextWriter *writer;
};

static int give(void *to, const char *text, int size)
{
	return (int)fwrite(text, 1, (size_t)size, to);
}

static int keep(void *to)
{
	(void)to;
	return 0;
}

struct xml *xml_open(FILE *to)
{
	struct xml *x = calloc(1, sizeof(*x));
	xmlOutputBuffer *buffer = xmlOutputBufferCreateIO(give, keep, to, NULL);

	if (!x || !buffer || !(x->writer = xmlNewTextWriter(buffer)))
		abort();
	xmlTextWriterSetIndent(x->writer, 1);
	xmlTextWriterStartDocument(x->writer, NULL, "UTF-8", NULL);
	return x;
}

void xml_close(struct xml *x)
{
	xmlTextWriterEndDocument(x->writer);
	xmlFreeTextWriter(x->writer);
	free(x);
}

void xml_begin(struct xml *x, const char *name)
{
	xmlTextWriterStartElement(x->writer, BAD_CAST name);
}

void xml_end(struct xml *x)
{
	xmlTextWriterEndElement(x->writer);
}

/* A copy in which what is no character of XML 1.0 is a question mark: control characters, U+FFFE and U+FFFF. */
static char *clean(const char *text)
{
	char *copy = strdup(text);

	if (!copy)
		abort();
	for (char *at = copy; *at; at++)
		if ((unsigned char)*at < ' ' && !strchr("\t\n\r", *at))
			*at = '?';
		else if (!strncmp(at, "\xef\xbf\xbe", 3) || !strncmp(at, "\xef\xbf\xbf", 3))
			memcpy(at, "???", 3);
	return copy;
}

void xml_attribute(struct xml *x, const char *name, const char *text)
{
	char *copy = clean(text);

	xmlTextWriterWriteAttribute(x->writer, BAD_CAST name, BAD_CAST copy);
	free(copy);
}

void xml_attribute_number(struct xml *x, const char *name, double number)
{
	char text[32];

	snprintf(text, sizeof(text), "%.0f", number);
	xml_attribute(x, name, text);
}

void xml_text(struct xml *x, const char *text)
{
	char *copy = clean(text);

	xmlTextWriterWriteString(x->writer, BAD_CAST copy);
	free(copy);
}

void xml_element(struct xml *x, const char *name, const char *text)
{
	xml_begin(x, name);
	xml_text(x, text);
	xml_end(x);
}

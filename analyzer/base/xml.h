/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_XML_H
#define LEAKSHIM_XML_H
/*
 * Writing XML to a file as it is made. A thin layer on libxml2's writer, which escapes; characters that XML 1.0 does not
 * know become '?'. Texts must be valid UTF-8.
 */
#include <stdio.h>

struct xml;

/* Never 0. The file stays open after xml_close. */
struct xml *xml_open(FILE *to);
void xml_close(struct xml *x);

void xml_begin(struct xml *x, const char *name);
void xml_end(struct xml *x);
void xml_attribute(struct xml *x, const char *name, const char *text);
void xml_attribute_number(struct xml *x, const char *name, double number);
void xml_text(struct xml *x, const char *text);
void xml_element(struct xml *x, const char *name, const char *text); /* <name>text</name> */
#endif

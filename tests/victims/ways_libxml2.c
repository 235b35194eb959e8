/* SPDX-License-Identifier: MIT */
#include <libxml/HTMLparser.h>
#include <libxml/parser.h>
#include <libxml/parserInternals.h>
#include <libxml/tree.h>
#include <libxml/xmlreader.h>
#include <libxml/xmlsave.h>
#include <libxml/xmlwriter.h>
#include <libxml/xpath.h>
#include <libxml/xpathInternals.h>
#include "ways.h"

#define TEXT "<r><i>a</i><i>b</i></r>"
static xmlDoc *parse(void) { return xmlReadMemory(TEXT, sizeof TEXT - 1, "x", NULL, 0); }
static xmlNode *root(xmlDoc *d) { return xmlDocGetRootElement(d); }

WAY(doc_free) { xmlDoc *d = parse(); END(xmlFreeDoc(d)); }
WAY(doc_new)
{
	xmlDoc *d = xmlNewDoc(BAD_CAST "1.0"); xmlDocSetRootElement(d, xmlNewNode(NULL, BAD_CAST "r"));
	END(xmlFreeDoc(d));
}
WAY(doc_copied) { xmlDoc *d = parse(), *c = xmlCopyDoc(d, 1); xmlFreeDoc(d); END(xmlFreeDoc(c)); }
WAY(doc_node_taken_out)
{
	xmlDoc *d = parse(); xmlNode *n = root(d)->children; xmlUnlinkNode(n); xmlFreeNode(n); END(xmlFreeDoc(d));
}
WAY(doc_text_merged)
{
	xmlDoc *d = parse(); xmlAddChild(root(d)->children, xmlNewText(BAD_CAST "more")); END(xmlFreeDoc(d));
}
WAY(doc_node_moved)
{
	xmlDoc *d = parse(), *e = parse(); xmlNode *n = root(d)->children; xmlUnlinkNode(n);
	xmlDOMWrapAdoptNode(NULL, d, n, e, root(e), 0); xmlAddChild(root(e), n); xmlFreeDoc(d);
	END(xmlFreeDoc(e));
}
WAY(doc_html) { htmlDocPtr d = htmlReadMemory("<p>x", 4, "x", NULL, HTML_PARSE_NOERROR); END(xmlFreeDoc(d)); }
WAY(doc_of_context)
{
	xmlParserCtxt *c = xmlCreateMemoryParserCtxt(TEXT, sizeof TEXT - 1); xmlDoc *d; xmlParseDocument(c);
	d = c->myDoc; xmlFreeParserCtxt(c); END(xmlFreeDoc(d));
}
WAY(doc_pushed)
{
	xmlParserCtxt *c = xmlCreatePushParserCtxt(NULL, NULL, TEXT, sizeof TEXT - 1, "x"); xmlDoc *d;
	xmlParseChunk(c, NULL, 0, 1); d = c->myDoc; xmlFreeParserCtxt(c); END(xmlFreeDoc(d));
}
WAY(doc_of_reader)
{
	xmlTextReader *r = xmlReaderForMemory(TEXT, sizeof TEXT - 1, "x", NULL, 0); xmlDoc *d;
	xmlTextReaderRead(r); xmlTextReaderExpand(r); d = xmlTextReaderCurrentDoc(r); xmlTextReaderClose(r);
	xmlFreeTextReader(r); END(xmlFreeDoc(d));
}
WAY(context_free) { xmlParserCtxt *c = xmlNewParserCtxt(); END(xmlFreeParserCtxt(c)); }
WAY(context_reused)
{
	xmlParserCtxt *c = xmlNewParserCtxt();
	xmlFreeDoc(xmlCtxtReadMemory(c, TEXT, sizeof TEXT - 1, "x", NULL, 0)); xmlClearParserCtxt(c);
	END(xmlFreeParserCtxt(c));
}
WAY(context_html) { htmlParserCtxtPtr c = htmlNewParserCtxt(); END(htmlFreeParserCtxt(c)); }
WAY(reader_free)
{
	xmlTextReader *r = xmlReaderForMemory(TEXT, sizeof TEXT - 1, "x", NULL, 0);
	while (xmlTextReaderRead(r) == 1); END(xmlFreeTextReader(r));
}
WAY(reader_of_doc)
{
	xmlDoc *d = parse(); xmlTextReader *r = xmlReaderWalker(d); xmlTextReaderRead(r);
	END(xmlFreeTextReader(r)); xmlFreeDoc(d);
}
WAY(writer_free)
{
	xmlBuffer *b = xmlBufferCreate(); xmlTextWriter *w = xmlNewTextWriterMemory(b, 0);
	END(xmlFreeTextWriter(w)); xmlBufferFree(b);
}
WAY(writer_doc)
{
	xmlDoc *d; xmlTextWriter *w = xmlNewTextWriterDoc(&d, 0); xmlTextWriterStartDocument(w, NULL, NULL, NULL);
	xmlTextWriterWriteElement(w, BAD_CAST "r", BAD_CAST "x"); xmlTextWriterEndDocument(w);
	xmlFreeTextWriter(w); END(xmlFreeDoc(d));
}
WAY(buffer_free) { xmlBuffer *b = xmlBufferCreate(); END(xmlBufferFree(b)); }
WAY(buffer_detached)
{
	xmlBuffer *b = xmlBufferCreateSize(9); xmlBufferCat(b, BAD_CAST "x"); xmlFree(xmlBufferDetach(b));
	END(xmlBufferFree(b));
}
WAY(dict_free) { xmlDict *d = xmlDictCreate(); END(xmlDictFree(d)); }
WAY(dict_shared) { xmlDict *d = xmlDictCreate(); xmlDictReference(d); xmlDictFree(d); END(xmlDictFree(d)); }
WAY(dict_sub) { xmlDict *d = xmlDictCreate(), *s = xmlDictCreateSub(d); xmlDictFree(d); END(xmlDictFree(s)); }
WAY(dict_of_context)
{
	xmlParserCtxt *c = xmlNewParserCtxt(); xmlDict *d = xmlDictCreate(); xmlDictFree(c->dict); c->dict = d;
	xmlDictReference(d); xmlFreeParserCtxt(c); END(xmlDictFree(d));
}

static xmlXPathContext *paths(xmlDoc *d) { return xmlXPathNewContext(d); }
#define XPATH(body) xmlDoc *d = parse(); xmlXPathContext *x = paths(d); body; xmlXPathFreeContext(x); xmlFreeDoc(d)
WAY(xpath_context) { xmlDoc *d = parse(); xmlXPathContext *x = paths(d); END(xmlXPathFreeContext(x)); xmlFreeDoc(d); }
WAY(xpath_object) { XPATH(xmlXPathObject *o = xmlXPathEval(BAD_CAST "//i", x); END(xmlXPathFreeObject(o))); }
WAY(xpath_object_without_set)
{
	XPATH(xmlXPathObject *o = xmlXPathEval(BAD_CAST "//i", x); xmlXPathFreeNodeSet(o->nodesetval);
		END(xmlXPathFreeNodeSetList(o)));
}
WAY(xpath_compiled)
{
	XPATH(xmlXPathCompExpr *c = xmlXPathCompile(BAD_CAST "1+1");
		xmlXPathFreeObject(xmlXPathCompiledEval(c, x)); END(xmlXPathFreeCompExpr(c)));
}
WAY(xpath_compiled_in_context)
{
	XPATH(xmlXPathCompExpr *c = xmlXPathCtxtCompile(x, BAD_CAST "1+1"); END(xmlXPathFreeCompExpr(c)));
}
WAY(xpath_converted)
{
	XPATH(xmlXPathObject *o = xmlXPathConvertString(xmlXPathEval(BAD_CAST "1+1", x)); END(xmlXPathFreeObject(o)));
}
WAY(xpath_converted_to_number)
{
	XPATH(xmlXPathObject *o = xmlXPathConvertNumber(xmlXPathEval(BAD_CAST "string(//i)", x));
		END(xmlXPathFreeObject(o)));
}
WAY(xpath_variable)
{
	XPATH(if (!forget) xmlXPathRegisterVariable(x, BAD_CAST "v", xmlXPathEval(BAD_CAST "//i", x));
		else xmlXPathEval(BAD_CAST "//i", x));
}
WAY(xpath_cached)
{
	XPATH(xmlXPathContextSetCache(x, 1, 9, 0);
		xmlXPathFreeObject(xmlXPathEval(BAD_CAST "string(count(//i) + 1)", x));
		xmlXPathObject *o = xmlXPathEvalExpression(BAD_CAST "concat(//i, 'x')", x); END(xmlXPathFreeObject(o)));
}
WAY(xpath_pushed)
{
	XPATH(xmlXPathParserContext *p = xmlXPathNewParserContext(BAD_CAST "", x);
		xmlXPathObject *o = xmlXPathEval(BAD_CAST "//i", x); if (!forget) valuePush(p, o);
		xmlXPathFreeParserContext(p));
}
WAY(xpath_copied)
{
	XPATH(xmlXPathObject *o = xmlXPathEval(BAD_CAST "//i", x); xmlXPathFreeObject(xmlXPathObjectCopy(o));
		END(xmlXPathFreeObject(o)));
}

int main(int n, char **words)
{
	return go_all_ways(n, words);
}

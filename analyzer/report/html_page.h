/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_HTML_PAGE_H
#define LEAKSHIM_HTML_PAGE_H
/* The page of the html format without its data (report/page/, put into C by embed.py). */

extern const char html_page_before[];
extern const char html_page_after[];
#endif

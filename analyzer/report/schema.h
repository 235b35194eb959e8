/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_SCHEMA_H
#define LEAKSHIM_SCHEMA_H
/* report.schema.json, which describes what json_document.c writes (put into C by embed_text.py). */

extern const char schema_of_json[];
#endif

/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_JSON_H
#define LEAKSHIM_JSON_H
/*
 * Writing JSON to a file as it is made: nothing of it is kept. A thin layer on yajl.
 *
 * Texts must be valid UTF-8 (words_utf8). Every function but json_open and json_close may be used anywhere in the document;
 * inside an object each value follows its json_key, or is written by one of the functions that take a key.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct json;

/* indent: spaces of a level; 0: all in one line. Never 0. */
struct json *json_open(FILE *to, unsigned indent);
void json_close(struct json *j);

void json_object(struct json *j); /* { */
void json_object_end(struct json *j);
void json_array(struct json *j); /* [ */
void json_array_end(struct json *j);
void json_key(struct json *j, const char *key);
void json_text(struct json *j, const char *text); /* 0: null */
void json_integer(struct json *j, long long number);
void json_null(struct json *j);

/* "key": ... */
void json_put_object(struct json *j, const char *key);
void json_put_array(struct json *j, const char *key);
void json_put_text(struct json *j, const char *key, const char *text); /* 0: null */
void json_put_number(struct json *j, const char *key, double number);   /* rounded to a whole one */
void json_put_integer(struct json *j, const char *key, long long number);
void json_put_real(struct json *j, const char *key, double number); /* null, if it is none or infinite */
void json_put_seconds(struct json *j, const char *key, uint64_t us); /* of microseconds, to the last one */
void json_put_hex(struct json *j, const char *key, uint64_t number); /* a text: "0x1f" */
void json_put_bool(struct json *j, const char *key, bool value);
void json_put_null(struct json *j, const char *key);
#endif

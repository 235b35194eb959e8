/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_TEXTFILE_H
#define LEAKSHIM_TEXTFILE_H
/* A file of somebody's words, to be read. */
#include <stdio.h>

/* 0, with errno, if it is not there or cannot be read; a folder, which fopen takes, is none. */
FILE *textfile_open(const char *path);
#endif

/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_CALLS_H
#define LEAKSHIM_CALLS_H
/*
 * Which imported function a call instruction calls, read from the caller's own file.
 *
 * libc without its debug file names only what it exports, and many of its exports jump on
 * to an inner function (fopen, setenv): the frame in libc then has no name at all. The
 * call that led there still tells which one was meant.
 *
 * x86-64 only: a direct call into the PLT, or a call through the GOT.
 */
#include <stdint.h>
#include <libelf.h>

/* `address`: of the last byte of the call, as a virtual address of the file. Returns the
 * imported symbol's name, which lives as long as the ELF handle; 0 if it is no such call. */
const char *calls_import(Elf *elf, uint64_t address);
#endif

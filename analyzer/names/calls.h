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
#include <stdbool.h>
#include <stdint.h>
#include <libelf.h>

/* `address`: of the last byte of the call, as a virtual address of the file. Returns the
 * imported symbol's name, which lives as long as the ELF handle; 0 if it is no such call. */
const char *calls_import(Elf *elf, uint64_t address);

/* The same of an entry of the PLT, and of a slot of the GOT. */
const char *calls_stub(Elf *elf, uint64_t entry);
const char *calls_slot(Elf *elf, uint64_t slot);

/* May a call return to this address? Also true where that cannot be told. */
bool calls_returns_to(Elf *elf, uint64_t address);

/* `size` bytes at a virtual address, 0 if the file does not hold them; *most: how many it holds from there on. */
const unsigned char *calls_bytes(Elf *elf, uint64_t address, uint64_t size, uint64_t *most);
#endif

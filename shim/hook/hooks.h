/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_HOOKS_H
#define LEAKSHIM_HOOKS_H
/*
 * Which functions are patched, and what their handlers must do.
 *
 * 1. These tables live in .bss: a fork child finds them as they were, as it finds the patched
 *    code.
 * 2. They change at the start and inside the loader's lock only (r_brk). Rules of a hook are
 *    linked before its entry is patched and unlinked after its module is gone, so handlers read
 *    without a lock.
 */
#include <elf.h>
#include <stdint.h>
#include "patch.h"
#include "probe_file.h"

#define HOOKS_MAX 3072u
#define HOOKS_RULES 4096u
#define HOOKS_LOADER 1u /* the hook of r_brk; number 0 is none */

/* One probe line at one function. */
struct hooks_rule {
	const struct probe_line *declared;
	uint64_t static_below;
	uint32_t probe; /* index into resource_probes */
	uint32_t next;  /* of the same hook and moment, 0: last */
	uint32_t first; /* 1 + index of the register where its location begins; 0: it begins elsewhere */
	uint32_t loads; /* from there to the object; above 1: more than the offset below tells */
	int32_t offset; /* of the first load */
	uint32_t is_bare; /* it has no condition and makes no object: it speaks of known ones only */
};

struct hook {
	struct patch patch;
	uint32_t before, after; /* first rules to run before and after the call */
	uint32_t words;         /* stack words a call needs, even */
	uint32_t module;        /* number of its module + 1; 0: this hook is free */
	uint64_t size;
	const char *refused; /* why it is not followed */
	const Elf64_Sym *symbol; /* in the module's memory, 0: none */
	const char *name;        /* of the symbol, there too */
	int is_indirect;         /* patch.entry chooses the function */
	uintptr_t led_from;      /* the function, if its importers were led to the cell; else 0 */
	uint32_t led_since;      /* round of looking at modules */
};

extern struct hook hooks[HOOKS_MAX] __attribute__((visibility("hidden")));
extern struct hooks_rule hooks_rules[HOOKS_RULES] __attribute__((visibility("hidden")));

/* GLib's switch for slices, until it was used; see probes.c. */
extern void *hooks_slices __attribute__((visibility("hidden")));

/* What a name means in the program that is interposed by the floor above, and the real function behind it; 0: nothing.
 * Registered by that floor. */
extern void *(*hooks_interposed)(const char *name, void **next) __attribute__((visibility("hidden")));

/* Reads the user's files, patches the loader's r_brk and what is loaded. */
void hooks_start(const char *files);

/* The loader's list of modules may have changed. Called from r_brk. */
void hooks_modules_changed(void);
#endif

/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_PYTHON_PRIVATE_H
#define LEAKSHIM_PYTHON_PRIVATE_H
/*
 * What the files of the room share: the layout of an interpreter, and frames as they were read.
 */
#include <stddef.h>
#include <stdint.h>

#define PYTHON_NONE 0xffu

/* Offsets in the interpreter's own structures; PYTHON_NONE: this version has no such thing. */
struct python_layout {
	uint8_t thread_frame, thread_number; /* of the thread state: what leads to the innermost frame; pthread_self() */
	uint8_t link_frame;                  /* 3.11, 3.12: in what thread_frame points at */
	uint8_t frame_code, frame_previous, frame_at, frame_owner;
	uint8_t frame_entry;                 /* 3.11: C code called this one */
	uint8_t code_file, code_name, code_lines, code_first, code_body;
	uint8_t ascii, compact;              /* sizes of the heads of strings */
};

struct python_frame {
	uintptr_t code, file;  /* objects */
	uintptr_t name, lines; /* the same, once python_code has read them */
	int32_t first; /* line */
	int32_t at;    /* the instruction, in units of two bytes; -1: before the first one */
	uint32_t is_entry; /* C code called this one: the frame outside it belongs to another call of the interpreter */
};

extern struct python_runtime {
	struct python_layout layout;
	uintptr_t code_type, string_type, bytes_type;
	uint32_t proofs; /* stacks that were read and had nothing odd about them */
	void *(*current)(void), *(*own)(void); /* the thread state that runs; that of the calling thread */
} python_runtime __attribute__((visibility("hidden")));

/* Which layout is that of a version (PY_VERSION_HEX)? runtime: _PyRuntime, in which 3.13 describes itself. Returns 0, or why
 * none is. */
const char *python_layout_of(struct python_layout *to, unsigned long version, uintptr_t runtime);

/* Copies memory that lives as long as the calling thread is where it is: its state, its frames, their code and what that names.
 * Until the layout has proved right the kernel is asked, which takes long: returns 0, or -1: it is not there. */
int python_copy(void *to, uintptr_t from, size_t size);

/* The innermost frames of the calling thread, the innermost one first. Returns how many; 0: it runs no Python code; -1: what
 * was met is no frame. */
int python_frames(struct python_frame *to, uint32_t most);

/* Reads name and lines. Returns 0, or -1. */
int python_code(struct python_frame *frame);

/* The line that a frame is at; 0: not known. */
int32_t python_line(const struct python_frame *frame);

/* A string as UTF-8, as far as there is room. Returns its length; 0: it is none. */
size_t python_string(uintptr_t object, char *to, size_t room);
#endif

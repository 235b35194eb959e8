/* SPDX-License-Identifier: MIT */
/* What CPython's objects say: layouts, lines of code, strings. */
#include "python_private.h"

#include <string.h>

#include "rules.h"

#define BYTES_SIZE 16u /* in a bytes object */
#define BYTES_TEXT 32u
#define TABLE_MOST (1u << 20)
#define CHUNK 256u

static const struct python_layout layout_311 = {
	.thread_frame = 56, .thread_number = 152, .link_frame = 8, .frame_code = 32, .frame_previous = 48, .frame_at = 56,
	.frame_owner = 69, .frame_entry = 68, .code_file = 112, .code_name = 128, .code_lines = 136, .code_first = 72,
	.code_body = 184, .ascii = 48, .compact = 72};
static const struct python_layout layout_312 = {
	.thread_frame = 56, .thread_number = 136, .link_frame = 0, .frame_code = 0, .frame_previous = 8, .frame_at = 56,
	.frame_owner = 70, .frame_entry = PYTHON_NONE, .code_file = 112, .code_name = 128, .code_lines = 136, .code_first = 68,
	.code_body = 192, .ascii = 40, .compact = 56};

/* The beginning of _PyRuntime in 3.13: offsets, for debuggers. */
struct described {
	char cookie[8];
	uint64_t version, is_free_threaded;
	uint64_t runtime[3], interpreter[13];
	struct {
		uint64_t size, previous, next, interpreter, current_frame, thread_id, native_thread_id, chunk, status;
	} thread;
	struct {
		uint64_t size, previous, executable, instruction, locals, owner;
	} frame;
	struct {
		uint64_t size, filename, name, qualname, linetable, firstlineno, argcount, locals_names, locals_kinds, body;
	} code;
};

static int is_small(const uint64_t *offsets, size_t count, uint64_t most)
{
	for (size_t i = 0; i < count; i++)
		if (offsets[i] > most)
			return 0;
	return 1;
}

/* As the interpreter describes itself. */
static const char *layout_described(struct python_layout *to, unsigned long version, uintptr_t runtime)
{
	struct described d;

	if (python_copy(&d, runtime, sizeof d) || memcmp(d.cookie, "xdebugpy", 8) || d.version != version)
		return "it does not describe its frames as 3.13 does";
	if (d.is_free_threaded)
		return "it has no global lock: threads and frames are others there";
	uint64_t in_thread[] = {d.thread.current_frame, d.thread.thread_id};
	uint64_t in_frame[] = {d.frame.previous, d.frame.executable, d.frame.instruction, d.frame.owner};
	uint64_t in_code[] = {d.code.filename, d.code.qualname, d.code.linetable, d.code.firstlineno};
	if (!is_small(in_thread, 2, 247) || !is_small(in_frame, 4, 72) || !is_small(in_code, 4, 250) || d.code.filename > 112 || d.code.firstlineno > 116 || d.code.body > 250)
		return "it describes its frames in a way that is not known";
	*to = (struct python_layout){
		.thread_frame = (uint8_t)d.thread.current_frame, .thread_number = (uint8_t)d.thread.thread_id,
		.link_frame = PYTHON_NONE, .frame_code = (uint8_t)d.frame.executable, .frame_previous = (uint8_t)d.frame.previous,
		.frame_at = (uint8_t)d.frame.instruction, .frame_owner = (uint8_t)d.frame.owner, .frame_entry = PYTHON_NONE,
		.code_file = (uint8_t)d.code.filename, .code_name = (uint8_t)d.code.qualname,
		.code_lines = (uint8_t)d.code.linetable, .code_first = (uint8_t)d.code.firstlineno,
		.code_body = (uint8_t)d.code.body, .ascii = 40, .compact = 56};
	return 0;
}

const char *python_layout_of(struct python_layout *to, unsigned long version, uintptr_t runtime)
{
	switch (version >> 16) {
	case 0x030b:
		*to = layout_311;
		return 0;
	case 0x030c:
		*to = layout_312;
		return 0;
	case 0x030d:
		return layout_described(to, version, runtime);
	default:
		return "frames of this version are not known";
	}
}

/* Bytes of an object, from its start on. */
struct bytes {
	uintptr_t at;
	uint64_t left;
	uint32_t used, filled;
	unsigned char chunk[CHUNK];
};

/* -1: there are no more. */
static int next_byte(struct bytes *b)
{
	if (b->used == b->filled) {
		uint32_t size = b->left < CHUNK ? (uint32_t)b->left : CHUNK;

		if (!size || python_copy(b->chunk, b->at, size))
			return -1;
		b->at += size;
		b->left -= size;
		b->filled = size;
		b->used = 0;
	}
	return b->chunk[b->used++];
}

static int32_t next_number(struct bytes *b)
{
	uint32_t value = 0;

	for (uint32_t shift = 0; shift < 30; shift += 6) {
		int byte = next_byte(b);

		if (byte < 0)
			return 0;
		value |= (uint32_t)(byte & 63) << shift;
		if (!(byte & 64))
			break;
	}
	return (int32_t)value;
}

/* How far an entry of the table of lines moves the line; -1 in *is_none: its code has none. */
static int32_t moves(struct bytes *b, int kind, int *is_none)
{
	*is_none = kind == 15;
	if (kind == 13 || kind == 14) {
		int32_t value = next_number(b);

		return value & 1 ? -(value >> 1) : value >> 1;
	}
	return kind >= 10 && kind <= 12 ? kind - 10 : 0;
}

int32_t python_line(const struct python_frame *frame)
{
	unsigned char head[BYTES_TEXT];
	struct bytes b = {.at = frame->lines + BYTES_TEXT};
	int64_t line = frame->first, at = 0;
	uintptr_t type;

	if (python_copy(head, frame->lines, sizeof head))
		return 0;
	memcpy(&type, head + 8, sizeof type);
	memcpy(&b.left, head + BYTES_SIZE, sizeof b.left);
	if (type != python_runtime.bytes_type || b.left > TABLE_MOST)
		return 0;
	for (int byte = next_byte(&b), is_none; byte >= 0; byte = next_byte(&b)) {
		if (!(byte & 128)) /* a further byte of an entry */
			continue;
		line += moves(&b, byte >> 3 & 15, &is_none);
		at += (byte & 7) + 1;
		if (at > frame->at)
			return is_none || line <= 0 || line > INT32_MAX ? 0 : (int32_t)line;
	}
	return 0;
}

/* Appends a character as UTF-8. Returns where the next one goes; `to` itself if there is no room. */
static char *put(char *to, const char *end, uint32_t c)
{
	uint32_t more = c < 0x80 ? 0 : c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;

	if (c > 0x10ffff || end - to <= (long)more)
		return to;
	*to++ = (char)(more ? (0xff00 >> (more + 1) & 0xff) | c >> 6 * more : c);
	while (more--)
		*to++ = (char)(0x80 | (c >> 6 * more & 63));
	return to;
}

#define LETTERS 512u

size_t python_string(uintptr_t object, char *to, size_t room)
{
	const struct python_layout *l = &python_runtime.layout;
	unsigned char head[40], text[LETTERS];
	char *at = to;
	uintptr_t type;
	uint64_t length;
	uint32_t state;

	if (!object || python_copy(head, object, sizeof head))
		return 0;
	memcpy(&type, head + 8, sizeof type);
	memcpy(&length, head + 16, sizeof length);
	memcpy(&state, head + 32, sizeof state);
	uint32_t width = state >> 2 & 7, is_compact = state >> 5 & 1, is_ascii = state >> 6 & 1;
	if (type != python_runtime.string_type || !is_compact || (width != 1 && width != 2 && width != 4))
		return 0;
	if (length > LETTERS / width)
		length = LETTERS / width;
	if (!length || python_copy(text, object + (is_ascii ? l->ascii : l->compact), length * width))
		return 0;
	for (uint64_t i = 0; i < length; i++) {
		uint32_t c = 0;

		memcpy(&c, text + i * width, width);
		at = put(at, to + room, c);
	}
	return (size_t)(at - to);
}

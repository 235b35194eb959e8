/* SPDX-License-Identifier: MIT */
/* Uses a library that was loaded before it. */
struct buf;
struct buf *buf_new(void);
void buf_retain(struct buf *b), buf_release(struct buf *b);
void use(void) { struct buf *b = buf_new(); buf_retain(b); buf_release(b); }

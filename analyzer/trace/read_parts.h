/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_READ_PARTS_H
#define LEAKSHIM_READ_PARTS_H
/*
 * Shared by read.c, read_resources.c and read_scan.c, nobody else. Each read_ function fills
 * its part of the model and returns 0, or -1 after saying which element is wrong.
 */
#include "file.h"
#include "model.h"

/* Element i as a whole struct of ours: shorter (older) ones are filled with zeros. Returns
 * where it lies in the file, 0 if it is not there. */
#define ELEMENT(f, which, i, copy) element_copy(&(f)->areas[which], i, copy, sizeof(*(copy)))
const void *element_copy(const struct file_view *v, uint32_t i, void *copy, size_t size);

/* Elements of an area, at least 1 for the empty one. */
uint32_t area_count(const struct trace_file *f, enum trace_area which);

/* The string at a TEXT index; "" if there is none, 0 if it cannot be one. */
const char *text_at(struct model *m, const struct trace_file *f, uint32_t index);

/* 0 if an index is below `count`; of a living trace it becomes 0 if not, else -1 after
 * saying `what` is wrong. */
int check_index(const struct trace_file *f, const void *element, uint32_t *index, uint32_t count,
		const char *what);

/* Types, probes, resources, what was done wrong with them, and messages about probe files. */
int read_resource_areas(struct model *m, const struct trace_file *f);

/* What a Java virtual machine left: it, its frames, and what holds its objects. Before nodes are read. */
int read_java_areas(struct model *m, const struct trace_file *f);

/* What is known of a Java object, whose RESOURCE index is given. */
int read_java_object(struct model *m, const struct trace_file *f, uint32_t index, const struct trace_resource *t,
		     struct resource *to);

/* Which Python code made blocks, living ones and others. Behind sites and blocks. */
int read_python(struct model *m, const struct trace_file *f);

/* Which resource each of them was made in the work of. slots: by RESOURCE index, 1 + the index in the model. */
void read_java_around(struct model *m, const struct trace_file *f, const uint32_t *slots);

/* Of a merged trace: processes, and crowds in place of blocks. */
int read_merged_areas(struct model *m, const struct trace_file *f);

/* Which process of a merged trace each resource is of. */
void read_resource_processes(struct model *m);

/* What the scan of that number should have read and could not. */
void read_unread(struct model *m, const struct trace_file *f, uint32_t scan);

/* Scans and their verdicts. slots: by BLOCK index, 1 + the block's index in the model. */
void read_scan_areas(struct model *m, const struct trace_file *f, const uint32_t *slots);
#endif

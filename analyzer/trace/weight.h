/* SPDX-License-Identifier: MIT */
#ifndef LEAKSHIM_WEIGHT_H
#define LEAKSHIM_WEIGHT_H
/* What a block of a model stands for: itself, those that a sample left out, or a crowd of several processes. */
#include "model.h"

double weight_count(const struct model *m, const struct block *b);
double weight_bytes(const struct model *m, const struct block *b);
double weight_confirmed(const struct model *m, const struct block *b);
double weight_doubtful(const struct model *m, const struct block *b);
bool weight_is_estimate(const struct model *m, const struct block *b);
uint64_t weight_newest(const struct model *m, const struct block *b);
#endif

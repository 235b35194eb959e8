/* SPDX-License-Identifier: MIT */
#include "lazy.h"

#include "rules.h"

int lazy_is_locked;

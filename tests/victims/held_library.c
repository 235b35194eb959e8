/* SPDX-License-Identifier: MIT */
/* Lends its variables to held_in_library. */
static void *global = &global;
static __thread void *local[100];

void **library_global(void);
void **library_local(void);

void **library_global(void)
{
	return &global;
}

void **library_local(void)
{
	return &local[77];
}

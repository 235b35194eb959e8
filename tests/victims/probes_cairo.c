/* SPDX-License-Identifier: MIT */
/* A context holds its surface; the program forgets its own reference of two surfaces. */
#include <cairo.h>
#include <string.h>

static cairo_surface_t *make(void)
{
	return cairo_image_surface_create(CAIRO_FORMAT_ARGB32, 16, 16);
}

int main(int argc, char **argv)
{
	for (int i = 0; i < 2; i++) {
		cairo_surface_t *surface = make();
		cairo_t *context = cairo_create(surface);
		cairo_paint(context);
		cairo_destroy(context);
		if (argc > 1 && !strcmp(argv[1], "clean"))
			cairo_surface_destroy(surface);
	}
	return 0;
}

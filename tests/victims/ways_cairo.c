/* SPDX-License-Identifier: MIT */
#include <cairo.h>
#include <cairo-ft.h>
#include <cairo-pdf.h>
#include <cairo-svg.h>
#include "ways.h"

static cairo_surface_t *image(void) { return cairo_image_surface_create(CAIRO_FORMAT_ARGB32, 8, 8); }
static cairo_t *context(void)
{
	cairo_surface_t *s = image(); cairo_t *c = cairo_create(s); cairo_surface_destroy(s); return c;
}
static cairo_status_t nowhere(void *data, const unsigned char *at, unsigned n) { return CAIRO_STATUS_SUCCESS; }
WAY(context_destroy) { cairo_t *c = context(); END(cairo_destroy(c)); }
WAY(context_shared) { cairo_t *c = cairo_reference(context()); cairo_destroy(c); END(cairo_destroy(c)); }
WAY(context_saved) { cairo_t *c = context(); cairo_save(c); cairo_save(c); END(cairo_destroy(c)); }
WAY(context_many)
{
	cairo_t *c[9]; for (int i = 0; i < 9; i++) c[i] = context();
	for (int i = 0; i < 9; i++) if (i || !forget) cairo_destroy(c[i]);
}
WAY(surface_destroy) { cairo_surface_t *s = image(); END(cairo_surface_destroy(s)); }
WAY(surface_finished) { cairo_surface_t *s = image(); cairo_surface_finish(s); END(cairo_surface_destroy(s)); }
WAY(surface_of_group)
{
	cairo_t *c = context(); cairo_push_group(c); cairo_pop_group_to_source(c); END(cairo_destroy(c));
}
WAY(surface_similar)
{
	cairo_surface_t *s = image(), *t = cairo_surface_create_similar(s, CAIRO_CONTENT_COLOR_ALPHA, 4, 4);
	cairo_surface_destroy(s); END(cairo_surface_destroy(t));
}
WAY(surface_mapped)
{
	cairo_surface_t *s = image(), *m = cairo_surface_map_to_image(s, NULL); cairo_surface_unmap_image(s, m);
	END(cairo_surface_destroy(s));
}
WAY(surface_part)
{
	cairo_surface_t *s = image(), *t = cairo_surface_create_for_rectangle(s, 0, 0, 2, 2);
	cairo_surface_destroy(s); END(cairo_surface_destroy(t));
}
WAY(surface_pdf)
{
	cairo_surface_t *s = cairo_pdf_surface_create_for_stream(nowhere, NULL, 9, 9);
	cairo_t *c = cairo_create(s); cairo_surface_destroy(s); cairo_paint(c); cairo_show_page(c);
	END(cairo_destroy(c));
}
WAY(surface_svg)
{
	cairo_surface_t *s = cairo_svg_surface_create_for_stream(nowhere, NULL, 9, 9);
	END(cairo_surface_destroy(s));
}
WAY(surface_recording)
{
	cairo_surface_t *s = cairo_recording_surface_create(CAIRO_CONTENT_COLOR_ALPHA, NULL);
	cairo_t *c = cairo_create(s), *d = context(); cairo_set_source_rgb(c, 1, 0, 0); cairo_paint(c);
	cairo_destroy(c); cairo_set_source_surface(d, s, 0, 0); cairo_paint(d); cairo_destroy(d);
	END(cairo_surface_destroy(s));
}
static void drop(void *s) { cairo_surface_destroy(s); }
WAY(surface_in_user_data)
{
	static cairo_user_data_key_t k; cairo_surface_t *s = image();
	cairo_surface_set_user_data(s, &k, image(), drop); END(cairo_surface_destroy(s));
}
WAY(pattern_destroy) { cairo_pattern_t *p = cairo_pattern_create_rgba(1, 0, 0, .5); END(cairo_pattern_destroy(p)); }
WAY(pattern_source)
{
	cairo_t *c = context(); cairo_pattern_t *p = cairo_pattern_create_linear(0, 0, 1, 1);
	cairo_set_source(c, p); cairo_pattern_destroy(p); END(cairo_destroy(c));
}
WAY(pattern_of_surface)
{
	cairo_surface_t *s = image(); cairo_pattern_t *p = cairo_pattern_create_for_surface(s);
	cairo_surface_destroy(s); END(cairo_pattern_destroy(p));
}
WAY(pattern_of_group)
{
	cairo_t *c = context(); cairo_pattern_t *p; cairo_push_group(c); p = cairo_pop_group(c); cairo_destroy(c);
	END(cairo_pattern_destroy(p));
}
WAY(pattern_mesh) { cairo_pattern_t *p = cairo_pattern_create_mesh(); END(cairo_pattern_destroy(p)); }
static cairo_surface_t *give(cairo_pattern_t *p, void *d, cairo_surface_t *t, const cairo_rectangle_int_t *e)
{
	return image();
}
static void away(cairo_pattern_t *p, void *d, cairo_surface_t *s) { cairo_surface_destroy(s); }
WAY(pattern_raster)
{
	cairo_t *c = context();
	cairo_pattern_t *p = cairo_pattern_create_raster_source(NULL, CAIRO_CONTENT_COLOR_ALPHA, 8, 8);
	cairo_raster_source_pattern_set_acquire(p, give, away); cairo_set_source(c, p); cairo_paint(c);
	cairo_destroy(c); END(cairo_pattern_destroy(p));
}
WAY(region_destroy)
{
	cairo_rectangle_int_t r = {0, 0, 2, 2};
	cairo_region_t *a = cairo_region_create_rectangle(&r), *b = cairo_region_copy(a); cairo_region_destroy(a);
	END(cairo_region_destroy(b));
}
WAY(face_toy) { cairo_font_face_t *f = cairo_toy_font_face_create("Sans", 0, 0); END(cairo_font_face_destroy(f)); }
WAY(face_toy_twice)
{
	cairo_font_face_t *f = cairo_toy_font_face_create("Mono", 0, 0), *g = cairo_toy_font_face_create("Mono", 0, 0);
	cairo_font_face_destroy(f); END(cairo_font_face_destroy(g));
}
WAY(face_in_context)
{
	cairo_t *c = context(); cairo_font_face_t *f = cairo_toy_font_face_create("Serif", 0, 0);
	cairo_set_font_face(c, f); cairo_font_face_destroy(f); END(cairo_destroy(c));
}
WAY(face_user) { cairo_font_face_t *f = cairo_user_font_face_create(); END(cairo_font_face_destroy(f)); }
WAY(face_in_scaled_font)
{
	cairo_matrix_t m; cairo_font_options_t *o = cairo_font_options_create();
	cairo_font_face_t *f = cairo_user_font_face_create(); cairo_scaled_font_t *s;
	cairo_matrix_init_identity(&m); s = cairo_scaled_font_create(f, &m, &m, o); cairo_scaled_font_destroy(s);
	cairo_font_options_destroy(o); END(cairo_font_face_destroy(f));
}
WAY(options_destroy)
{
	cairo_font_options_t *o = cairo_font_options_create(), *p = cairo_font_options_copy(o);
	cairo_font_options_destroy(o); END(cairo_font_options_destroy(p));
}
WAY(path_destroy)
{
	cairo_t *c = context(); cairo_path_t *p; cairo_rectangle(c, 0, 0, 1, 1); p = cairo_copy_path(c);
	cairo_destroy(c); END(cairo_path_destroy(p));
}

int main(int n, char **words)
{
	return go_all_ways(n, words);
}

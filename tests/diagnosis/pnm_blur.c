/* SPDX-License-Identifier: MIT */
/* answer: error-path; in pnm_read; at the lines between the marks */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct image {
	int width, height;
	unsigned char *pixels;
};

static void image_free(struct image *im)
{
	if (im) {
		free(im->pixels);
		free(im);
	}
}

static struct image *pnm_read(const char *data, size_t len)
{
	struct image *im = malloc(sizeof *im);
	int max, at = 0;

	if (!im)
		return NULL;
	im->pixels = NULL;
	if (sscanf(data, "P5 %d %d %d%n", &im->width, &im->height, &max, &at) != 3)
		goto fail;
	if (im->width <= 0 || im->height <= 0 || max != 255)
		goto fail;
	im->pixels = malloc((size_t)im->width * im->height);
	if (len - at - 1 < (size_t)im->width * im->height) { /* <<< */
		fprintf(stderr, "short file: %zu\n", len);
#ifdef FAULT
		goto fail_image;
#else
		goto fail;
#endif
	} /* >>> */
	memcpy(im->pixels, data + at + 1, (size_t)im->width * im->height);
	return im;
fail:
	free(im->pixels);
#ifdef FAULT
fail_image:
#endif
	free(im);
	return NULL;
}

static void blur(struct image *im)
{
	unsigned char *row = malloc(im->width);

	for (int y = 0; y < im->height; y++) {
		unsigned char *p = im->pixels + y * im->width;

		memcpy(row, p, im->width);
		for (int x = 1; x + 1 < im->width; x++)
			p[x] = (row[x - 1] + row[x] + row[x + 1]) / 3;
	}
	free(row);
}

int main(void)
{
	static const char *const files[] = { "P5 4 2 255\nabcdefgh", "P5 3 3 255\nabcdefghi", "P5 9 9 255\ntoo short", "P6 1 1 255\nx", "P5 2 2 255\nwxyz" };
	unsigned sum = 0;

	for (int i = 0; i < 40; i++) {
		struct image *im = pnm_read(files[i % 5], strlen(files[i % 5]));

		if (!im)
			continue;
		blur(im);
		sum += im->pixels[1];
		image_free(im);
	}
	printf("%u\n", sum);
	return 0;
}

/* SPDX-License-Identifier: MIT */
/* answer: overwritten; in meter_update; at the lines between the marks; build: jansson */
/* Meters whose tariff is sent to them anew now and then. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#define METERS 4

struct meter {
	int id;
	json_t *tariff;
	unsigned updates, refused;
};

static int is_sane(const json_t *tariff)
{
	return json_is_object(tariff) && json_integer_value(json_object_get(tariff, "cents")) > 0;
}

static int meter_update(struct meter *m, const char *text)
{
	json_error_t error;
	json_t *tariff = json_loads(text, 0, &error);

	if (!tariff) {
		m->refused++;
		return -1;
	}
	if (!is_sane(tariff)) {
		m->refused++;
		json_decref(tariff);
		return -1;
	}
	m->updates++; /* <<< */
#ifndef FAULT
	json_decref(m->tariff);
#endif
	m->tariff = tariff; /* >>> */
	return 0;
}

static long meter_bill(const struct meter *m, int hours)
{
	return json_integer_value(json_object_get(m->tariff, "cents")) * hours;
}

static struct meter *meter_new(int id)
{
	struct meter *m = calloc(1, sizeof(*m));

	m->id = id;
	return m;
}

static void meter_free(struct meter *m)
{
	json_decref(m->tariff);
	free(m);
}

int main(void)
{
	struct meter *meters[METERS];
	long bill = 0;
	char text[80];

	for (int i = 0; i < METERS; i++)
		meters[i] = meter_new(i);
	for (int i = 0; i < 40; i++) {
		snprintf(text, sizeof(text), i % 9 == 4 ? "{\"cents\": 0}" : i % 13 == 7 ? "{" : "{\"cents\": %d, \"from\": \"now\"}", i + 1);
		meter_update(meters[i % METERS], text);
		bill += meter_bill(meters[i % METERS], 3);
	}
	for (int i = 0; i < METERS; i++) {
		bill += (long)meters[i]->updates * 1000 + meters[i]->refused;
		meter_free(meters[i]);
	}
	printf("%ld\n", bill);
	return 0;
}

/* SPDX-License-Identifier: MIT */
/* answer: error-path; in settings_read; at the lines between the marks; build: json-c */
#include <json-c/json.h>
#include <stdio.h>
#include <string.h>

typedef struct {
	char host[40];
	int port;
} Settings;

static int settings_read(const char *text, Settings *out)
{
	struct json_object *root = json_tokener_parse(text), *v;

	if (!root)
		return -1;
	if (!json_object_object_get_ex(root, "host", &v)) {
#ifndef FAULT
		json_object_put(root);
#endif
		return -2; /* <<< >>> */
	}
	snprintf(out->host, sizeof(out->host), "%s", json_object_get_string(v));
	out->port = json_object_object_get_ex(root, "port", &v) ? json_object_get_int(v) : 80;
	json_object_put(root);
	return 0;
}

int main(void)
{
	static const char *const inputs[] = { "{\"host\":\"alpha\",\"port\":1}", "{\"port\":2}", "{\"host\":\"beta\"}", "{" };
	Settings s = { "", 0 };
	int bad = 0;

	for (int i = 0; i < 40; i++)
		bad += settings_read(inputs[i % 4], &s) != 0;
	printf("%s %d %d\n", s.host, s.port, bad);
	return 0;
}

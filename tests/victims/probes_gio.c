/* SPDX-License-Identifier: MIT */
/* Reads a file through GIO; where reading ends early, the stream and the file's information are forgotten. `clean` lets go. */
#include <gio/gio.h>
#include <string.h>

static int first_line_length(const char *path, gboolean clean)
{
	GFile *file = g_file_new_for_path(path);
	GFileInputStream *stream = g_file_read(file, NULL, NULL);
	GFileInfo *info = g_file_input_stream_query_info(stream, "standard::size", NULL, NULL);
	char text[64];
	gssize got = g_input_stream_read(G_INPUT_STREAM(stream), text, sizeof(text), NULL, NULL);

	g_object_unref(file);
	if (got < (gssize)sizeof(text) && !clean)
		return -1; /* the early return that forgets */
	g_object_unref(info);
	g_object_unref(stream);
	return (int)got;
}

int main(int argc, char **argv)
{
	gboolean clean = argc > 1 && !strcmp(argv[1], "clean");

	for (int i = 0; i < 3; i++)
		first_line_length("/proc/self/comm", clean);
	return 0;
}

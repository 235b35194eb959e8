/* SPDX-License-Identifier: MIT */
/* answer: never-released|error-path; in count_words; at the lines between the marks; build: gio-2.0 */
#include <gio/gio.h>
#include <string.h>
static gsize count_words(const char *text)
{
  GInputStream *stream = g_memory_input_stream_new_from_data (text, strlen (text), NULL);
  GError *error = NULL;
  char buffer[16];
  gboolean is_inside = FALSE;
  gsize words = 0;
  gssize n;
  while ((n = g_input_stream_read (stream, buffer, sizeof buffer, NULL, &error)) > 0)
    for (gssize i = 0; i < n; i++)
      {
        if (g_ascii_isalpha (buffer[i]) && !is_inside)
          words++;
        is_inside = g_ascii_isalpha (buffer[i]);
      }
  g_clear_error (&error); /* <<< */
  g_input_stream_close (stream, NULL, NULL);
#ifndef FAULT
  g_object_unref (stream);
#endif
  return words;
} /* >>> */
int main (void)
{
  static const char *const texts[] = { "one two three", "a longer text of several words", "", "last" };
  gsize all = 0;
  for (int i = 0; i < 12; i++)
    all += count_words (texts[i % 4]);
  g_print ("%" G_GSIZE_FORMAT "\n", all);
  return 0;
}

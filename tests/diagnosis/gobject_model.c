/* SPDX-License-Identifier: MIT */
/* answer: extra-retain|error-path; in selection_set; at the lines between the marks; build: gobject-2.0 */
#include <glib-object.h>
typedef struct { GObject *current; guint changes; } Selection;
static void selection_set(Selection *sel, GObject *item)
{
  if (sel->current == item)
    {
#ifdef FAULT
      g_object_ref (item); /* <<< */
#endif
      sel->changes++; /* >>> */
      return;
    }
  g_clear_object (&sel->current);
  sel->current = item ? g_object_ref (item) : NULL;
  sel->changes++;
}
int main (void)
{
  Selection sel = { NULL, 0 };
  for (int i = 0; i < 12; i++)
    {
      GObject *o = g_object_new (G_TYPE_OBJECT, NULL);
      selection_set (&sel, o);
      if (i % 4 == 1)
        selection_set (&sel, o);
      g_object_unref (o);
    }
  selection_set (&sel, NULL);
  g_print ("%u\n", sel.changes);
  return 0;
}

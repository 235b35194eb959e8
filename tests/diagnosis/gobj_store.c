/* SPDX-License-Identifier: MIT */
/* answer: never-released|extra-retain|error-path; in count_wide; at the lines between the marks; build: gio-2.0 */
#include <gio/gio.h>

typedef struct _Column { GObject parent; int width; char *title; } Column;
typedef GObjectClass ColumnClass;
G_DEFINE_TYPE (Column, column, G_TYPE_OBJECT)
static void column_finalize (GObject *o)
{
  g_free (((Column *) o)->title);
  G_OBJECT_CLASS (column_parent_class)->finalize (o);
}
static void column_class_init (ColumnClass *k) { k->finalize = column_finalize; }
static void column_init (Column *c) { c->width = 10; }
static Column *column_new (const char *title, int width)
{
  Column *c = g_object_new (column_get_type (), NULL);
  c->title = g_strdup (title);
  c->width = width;
  return c;
}

static int count_wide (GListModel *model)
{
  int n = 0;
  for (guint i = 0; i < g_list_model_get_n_items (model); i++)
    {
      Column *c = g_list_model_get_item (model, i);
      if (c->width > 90)
        {
          n++; /* <<< */
#ifdef FAULT
          continue;
#endif
        } /* >>> */
      g_object_unref (c);
    }
  return n;
}

int main (void)
{
  int wide = 0;
  for (int round = 0; round < 6; round++)
    {
      GListStore *store = g_list_store_new (column_get_type ());
      for (int i = 0; i < 20; i++)
        {
          char *title = g_strdup_printf ("column %d", i);
          Column *c = column_new (title, i * 5);
          g_list_store_append (store, c);
          g_object_unref (c);
          g_free (title);
        }
      wide += count_wide (G_LIST_MODEL (store));
      g_object_unref (store);
    }
  g_print ("%d\n", wide);
  return 0;
}

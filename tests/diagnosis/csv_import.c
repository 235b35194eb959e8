/* SPDX-License-Identifier: MIT */
/* answer: error-path; in row_parse; at the lines between the marks */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
    char **fields;
    int count;
    int room;
} Row;

static void row_free(Row *row)
{
    if (!row)
        return;
    for (int i = 0; i < row->count; i++)
        free(row->fields[i]);
    free(row->fields);
    free(row);
}

static void row_push(Row *row, char *field)
{
    if (row->count == row->room) {
        row->room = row->room ? row->room * 2 : 2;
        row->fields = realloc(row->fields, row->room * sizeof(char *));
    }
    row->fields[row->count++] = field;
}

static Row *row_parse(const char *line)
{
    Row *row = calloc(1, sizeof(Row));
    const char *p = line;

    for (;;) {
        char *field = malloc(strlen(p) + 1);
        size_t n = 0;

        if (*p == '"') {
            p++;
            while (*p && *p != '"')
                field[n++] = *p++;
            if (*p != '"') { /* <<< */
#ifndef FAULT
                free(field);
#endif
                row_free(row);
                return NULL;
            } /* >>> */
            p++;
        } else {
            while (*p && *p != ',')
                field[n++] = *p++;
        }
        field[n] = 0;
        row_push(row, field);
        if (*p != ',')
            break;
        p++;
    }
    return row;
}

int main(void)
{
    const char *lines[] = {
        "id,name,comment", "1,anna,\"likes, commas\"", "2,bob,plain", "3,carol,\"never closed", "4,dave,", "5,\"eve\",x",
    };
    int rows = 0, bad = 0, cells = 0;

    for (int file = 0; file < 15; file++) {
        for (int i = 0; i < 6; i++) {
            Row *row = row_parse(lines[i]);

            if (!row) {
                bad++;
                continue;
            }
            rows++;
            cells += row->count;
            row_free(row);
        }
    }
    printf("%d rows, %d cells, %d bad\n", rows, cells, bad);
    return 0;
}

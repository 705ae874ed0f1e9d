/**
 * screen.h - private to tui/: the screens as a table of what they ask, show
 * and open. A new screen is a file with its row, and that row's name in
 * screen.c.
 *
 * A screen arranges its snapshot into lines once an answer, and draws lines.
 * Most are tables over a screen of store/column.h.
 */
#ifndef MT_TUI_SCREEN_H
#define MT_TUI_SCREEN_H

#include "store/column.h"
#include "tui/dashboard.h"

enum mt_screen_number {
    MT_SCREEN_SERVICES,
    MT_SCREEN_ROUTES,
    MT_SCREEN_TOPOLOGY,
    MT_SCREEN_TAIL,
    MT_SCREEN_POLICY,
    MT_SCREEN_CAPTURE,
    MT_SCREEN_DETAIL, /* from here on without a number */
    MT_SCREEN_ENDPOINTS,
    MT_SCREEN_COUNT,
};

enum { MT_SCREEN_NONE = MT_SCREEN_COUNT };

/* One line of a list: a row, in a tree a name alone, or what was lost in this
 * place. */
struct mt_line {
    const void *row; /* what the columns of its screen read; NULL: none */
    const struct mt_lost *lost;
    uint64_t key;     /* finds it again in the next answer */
    const char *name; /* trees */
    uint64_t last;    /* trees: bit n: its ancestor n was the last of its kin */
    uint8_t depth;    /* trees */
    uint8_t mark;     /* trees: enum mt_line_mark */
    const char *of;   /* trees: what tells it from the row beside it; or NULL */
    const uint32_t *trend; /* requests over time; NULL: not known */
    uint8_t trend_count;
};

enum mt_line_mark { MT_LINE_PLAIN, MT_LINE_SHARED, MT_LINE_CYCLE };

struct mt_lines {
    struct mt_line *list;
    size_t count, max;
    size_t hidden; /* rows left out: without failures, or too many */
};

/* Where on the canvas a screen may draw. */
struct mt_area {
    size_t row, rows, columns;
};

/* How to draw what is no table. */
struct mt_pen {
    struct mt_value_style style;
    size_t scroll;     /* lines that are above the area */
    size_t *lines_out; /* all that there are: set by the draw */
    uint64_t marked;   /* Detail: an exchange of its trace; 0: none */
    size_t *trace_out; /* Detail: the first line of its trace */
};

struct mt_screen_class {
    const char *name, *unit; /* "Services", "services" */
    uint8_t topic, drilled_topic;
    uint8_t opens;                   /* enum mt_screen_number of Enter */
    const struct mt_screen *columns; /* NULL: no table */
    const char *skip;                /* keys of columns, each between spaces */
    /* Fill lines; false: no memory. */
    bool (*arrange)(const struct mt_snapshot *a, bool failing_only,
                    struct mt_lines *lines);
    /* The terms that select what a row stands for, one a line. */
    void (*term)(const void *row, struct mt_buf *out);
    /* Trees: the text of the first column. */
    const char *trend_after; /* a last column of trends: as important as this
                                one, by its key; NULL: none */
    const char *lead_title;
    void (*lead)(const struct mt_line *line, struct mt_buf *out);
    /* Instead of a table. */
    void (*draw)(const struct mt_snapshot *a, struct mt_canvas *c,
                 struct mt_area area, const struct mt_pen *pen);
    /* In words, where nothing would ever be shown; NULL: see the draw. */
    const char *empty;
};

extern const struct mt_screen_class *const mt_screen_classes[MT_SCREEN_COUNT];

extern const struct mt_screen_class mt_screen_class_services;
extern const struct mt_screen_class mt_screen_class_routes;
extern const struct mt_screen_class mt_screen_class_topology;
extern const struct mt_screen_class mt_screen_class_tail;
extern const struct mt_screen_class mt_screen_class_policy;
extern const struct mt_screen_class mt_screen_class_capture;
extern const struct mt_screen_class mt_screen_class_detail;
extern const struct mt_screen_class mt_screen_class_endpoints;

/* Room for so many lines; false: no memory. */
bool mt_lines_reserve(struct mt_lines *lines, size_t max);

/* Keys of rows: FNV-1a over what names them. */
uint64_t mt_key_add(uint64_t key, const void *bytes, size_t n);
uint64_t mt_key_add_text(uint64_t key, const char *text);
#define MT_KEY_BASIS UINT64_C(0xcbf29ce484222325)

/* field="value", quoted where it has to be, on a line of its own. Nothing
 * where the value is empty. */
void mt_put_term(struct mt_buf *out, const char *field, const char *value);

/* What a value of a table means. */
unsigned mt_role_of_value(const struct mt_screen *screen, size_t column,
                          const void *row, const struct mt_value *v);

#endif

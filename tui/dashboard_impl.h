/* dashboard_impl.h - private to tui/dashboard*.c: the state. */
#ifndef MT_TUI_DASHBOARD_IMPL_H
#define MT_TUI_DASHBOARD_IMPL_H

#include "tui/complete.h"
#include "tui/history.h"
#include "tui/marks.h"
#include "tui/screen.h"
#include "tui/table.h"

enum { LEVELS_MAX = 6, MESSAGE_BYTES = 512, PATH_BYTES = 1024 };

/* What is being typed on the last line. */
enum mt_typing {
    MT_TYPING_NOT,
    MT_TYPING_FILTER,
    MT_TYPING_SEARCH,
    MT_TYPING_EXPORT,
    MT_TYPING_COMMAND,
};

/* One step of the way down: a screen, its filter, and where one was. */
struct mt_level {
    uint8_t screen, topic;
    bool filter_off;
    bool follow;  /* the last line is the selected one, as lines come */
    uint64_t id;  /* of the exchange, in Detail */
    uint64_t key; /* of the selected line */
    size_t selected, top;
    size_t cell;       /* of the selected line: its column + 1; 0: all of it */
    size_t page_lines; /* of what is no list */
    uint64_t marked;   /* in Detail: the exchange of its trace that Enter
                          opens; 0: none */
    size_t trace_line; /* of the page, where its trace begins */
    char filter[MT_FILTER_TEXT_MAX + 1];
    struct mt_snapshot *snapshot; /* NULL: not answered yet */
    struct mt_lines lines;        /* of the snapshot */
    struct mt_table_fit fit;
};

struct mt_sorting {
    int column; /* -1: as the question answers */
    bool inverted;
};

struct mt_dashboard {
    struct mt_dashboard_config config;
    struct mt_level levels[LEVELS_MAX];
    size_t depth; /* levels[depth] is shown */
    struct mt_sorting sorting[MT_SCREEN_COUNT];
    int64_t span_ns, end_ns; /* the window; 0: everything; now */
    bool failing_only, zoomed, help;
    size_t help_top;

    struct mt_pace pace; /* of a replay */
    int64_t steady_ns;   /* when it was told of last */

    /* the question that is to be asked, or was */
    uint64_t serial;
    bool stale;   /* another question than the last one asked */
    bool pending; /* asked, not answered */
    int64_t asked_ns, next_ns;
    int64_t asked_end_ns; /* of a replay: the moment asked for */

    enum mt_typing typing;
    struct mt_edit edit;
    struct mt_filter_error error; /* of the filter typed; column 0 none */
    char search[256];
    char complaint[256];          /* of what is typed; "" none */
    char others[512];             /* what Tab found; "" nothing */
    bool has_names;               /* asked for since typing began */
    bool wants_names;             /* to be asked for, or asked */
    bool awaits_names;            /* Tab was pressed: it is done again then */
    struct mt_history history[2]; /* of commands, of filters */
    struct mt_known known;
    struct mt_marks marks;
    char message[MESSAGE_BYTES];
    bool trouble;
    char note[2][MESSAGE_BYTES]; /* above the footer; in brief */
    bool note_trouble;
    char clip[MT_FILTER_TEXT_MAX];
    char export_path[PATH_BYTES];
    char export_filter[MT_FILTER_TEXT_MAX + 1]; /* of export_one */
    bool export_one;   /* what is shown, or the selected row stands for */
    size_t rows_shown; /* of the list, when it was drawn last */
    size_t list_row;   /* on the canvas: the first line's */
};

static inline struct mt_level *mt_level(struct mt_dashboard *d)
{
    return &d->levels[d->depth];
}

static inline const struct mt_screen_class *
mt_class(const struct mt_dashboard *d)
{
    return mt_screen_classes[d->levels[d->depth].screen];
}

int32_t mt_offset(const struct mt_dashboard *d, int64_t ns);

/* ---- dashboard_list.c: lines, and which is selected ---- */

/* Lines anew out of the snapshot: order, selection. */
void mt_level_arrange(struct mt_dashboard *d, struct mt_level *l);

/* Select a line; what is beyond the ends is the end. */
void mt_level_select(struct mt_level *l, int64_t line);
/* The next line, in steps of 1 or -1, that is an exchange, or where it was. */
void mt_level_select_neighbour(struct mt_level *l, int64_t by);

/* The selected line; NULL where there is none. */
const struct mt_line *mt_level_line(const struct mt_level *l);

/* The next line that has the text searched for; false: none. */
bool mt_level_search(struct mt_dashboard *d, int direction, bool from_next);

/* The next marked line; false: none. */
bool mt_level_next_mark(struct mt_dashboard *d, int direction);

/* The column that the cell cursor is on, among those shown; -1: none is. */
int mt_level_cell(const struct mt_level *l);

/* ---- dashboard_typing.c ---- */

void mt_begin_typing(struct mt_dashboard *d, enum mt_typing typing,
                     const char *text);
/* The names are there that Tab has asked for. */
void mt_complete_named(struct mt_dashboard *d);
unsigned mt_type(struct mt_dashboard *d, int32_t key);

/* ---- dashboard_words.c ---- */

/* As much of a text as fits into a line: whole words, where there are any. */
struct mt_span mt_take_line(struct mt_span *text, size_t columns);

void mt_draw_nothing(const struct mt_dashboard *d, struct mt_canvas *c,
                     struct mt_area area);
/* What a table leaves to say, in one line. */
void mt_put_notes(const struct mt_snapshot *a, struct mt_buf *b);

/* ---- dashboard_help.c ---- */

void mt_draw_help(struct mt_dashboard *d, struct mt_canvas *c);

/* ---- dashboard_keys.c ---- */

/* ---- for commands, too ---- */

unsigned mt_go_live(struct mt_dashboard *d);     /* dashboard_time.c */
unsigned mt_show_marked(struct mt_dashboard *d); /* dashboard_select.c */

struct mt_binding {
    int32_t keys[4];    /* 0 ends them; the first is shown in the footer */
    const char *shown;  /* in the help */
    const char *footer; /* NULL: not there */
    const char *help;
    unsigned screens; /* bits of enum mt_screen_number */
    unsigned (*act)(struct mt_dashboard *d, int32_t key);
};

extern const struct mt_binding mt_bindings[];
extern const size_t mt_bindings_count;

/* ---- dashboard_detail.c: the trace in Detail ---- */

/* Mark the next of its exchanges, or the one before. */
unsigned mt_detail_mark(struct mt_dashboard *d, int by);

/* Go into the one that is marked. */
unsigned mt_detail_open(struct mt_dashboard *d);

/* A click on a line of the canvas: marks, or opens what is marked. */
unsigned mt_detail_click(struct mt_dashboard *d, size_t row);

/* ---- what actions are made of: dashboard.c ---- */

void mt_level_free(struct mt_level *l);
unsigned mt_ask_anew(struct mt_dashboard *d);
unsigned mt_open_screen(struct mt_dashboard *d, uint8_t screen);
unsigned mt_drill(struct mt_dashboard *d);
/* Detail of an exchange, one level down. */
unsigned mt_open_exchange(struct mt_dashboard *d, uint64_t id);
unsigned mt_go_back(struct mt_dashboard *d);
/* Is it a filter? Sets d->error; the message says why not. */
bool mt_check_filter(struct mt_dashboard *d, const char *text);
/* The level's filter and terms, one a line, that it does not hold yet. False:
 * too long. */
bool mt_narrowed_filter(const struct mt_dashboard *d, struct mt_span terms,
                        char *out, size_t size);
/* The same, of what selects its selected line; false: no line, or too long. */
bool mt_drilled_filter(const struct mt_dashboard *d, char *out, size_t size);
/* A filter and-ed with a term; false: too long. */
bool mt_join_filter(char *out, size_t size, const char *filter,
                    struct mt_span term);

/* Ask for the file's name; row: of what the selected row stands for. */
unsigned mt_begin_export(struct mt_dashboard *d, bool row);

/* The question of the level that is shown. */
void mt_fill_request(const struct mt_dashboard *d, struct mt_request *r);

/* "last 1m", "everything" */
void mt_put_window(struct mt_buf *b, const struct mt_dashboard *d);

#endif

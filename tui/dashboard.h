/**
 * dashboard.h - what the terminal dashboard is, without a terminal: keys and
 * answers in, questions and a canvas out.
 *
 *     rc = mt_dashboard_new(&d, &config);
 *     for (;;) {
 *         if (mt_dashboard_request(d, steady_ns, wall_ns, &request))
 *             worker_ask(&request);             // answers come later:
 *         mt_dashboard_answer(d, snapshot, steady_ns);
 *         what = mt_dashboard_key(d, key);      // bits of enum mt_do
 *         mt_dashboard_draw(d, &canvas, steady_ns);
 *     }
 *     mt_dashboard_free(d);
 *
 * One thread, no clock, no IO: the caller acts on the bits it gets. Every
 * screen is drawn from the newest answer to its own question; what is being
 * asked anew is shown as it was until then. The canvas may have another size
 * each time.
 */
#ifndef MT_TUI_DASHBOARD_H
#define MT_TUI_DASHBOARD_H

#include "tui/canvas.h"
#include "tui/key.h"
#include "tui/pace.h"
#include "tui/snapshot.h"

struct mt_dashboard;

/* What a key or an answer makes necessary. */
enum mt_do {
    MT_DO_DRAW = 1,
    MT_DO_ASK = 2, /* mt_dashboard_request() has a new question */
    MT_DO_QUIT = 4,
    MT_DO_SUSPEND = 8,
    MT_DO_REPAINT = 16, /* the terminal may show anything: draw all of it */
    MT_DO_COPY = 32,    /* mt_dashboard_clip() to the clipboard */
    MT_DO_EXPORT = 64,  /* mt_dashboard_export() tells what and where */
};

struct mt_dashboard_config {
    const char *source; /* what is looked at: a file, an interface; borrowed */
    const char *filter; /* to begin with; NULL none */
    int64_t span_ns;    /* of the window; 0: everything */
    int64_t end_ns;     /* of the window; 0: now */
    const char *screen; /* to begin with; NULL: services */
    bool ascii;         /* UTF-8 cannot be shown */
    bool once;          /* printed as text: no selection, no keys */
    bool growing;       /* something is being read into the database */
    bool proxied;       /* by a proxy: no packets are looked at */
    bool replay;        /* on the capture's clock: mt_dashboard_replayed() */
    double speed;       /* of the replay: see pace.h */
    int32_t (*offset_s)(int64_t ns); /* local time - UTC at a moment; NULL 0 */
};

/* 0; -ENOMEM. */
int mt_dashboard_new(struct mt_dashboard **out,
                     const struct mt_dashboard_config *config);
void mt_dashboard_free(struct mt_dashboard *d); /* NULL is fine */

/* Returns bits of enum mt_do. */
unsigned mt_dashboard_key(struct mt_dashboard *d, int32_t key);

/* A click, in cells from 0; a second one on the same row opens it. */
unsigned mt_dashboard_click(struct mt_dashboard *d, size_t column, size_t row);

/* True when something is to be asked now: *request is it, and takes the place
 * of one that was not answered yet. */
bool mt_dashboard_request(struct mt_dashboard *d, int64_t steady_ns,
                          int64_t wall_ns, struct mt_request *request);

/* The moment (steady clock) of the next question; INT64_MAX: none is due. */
int64_t mt_dashboard_next_ns(const struct mt_dashboard *d);

/* Takes the answer; NULL: there was no memory for it. Answers to questions
 * that are no longer asked are dropped. */
unsigned mt_dashboard_answer(struct mt_dashboard *d, struct mt_snapshot *a,
                             int64_t steady_ns);

/* A replay: how far its capture was read. To be told often: keys act at the
 * moment told last. Returns bits of enum mt_do. */
unsigned mt_dashboard_replayed(struct mt_dashboard *d,
                               const struct mt_pace_read *read,
                               int64_t steady_ns);

/* A replay: how far it is to be read. */
int64_t mt_dashboard_wanted_ns(const struct mt_dashboard *d, int64_t steady_ns);

/* A replay whose clock goes on, or that reads on: it is to be told soon. */
bool mt_dashboard_is_playing(const struct mt_dashboard *d, int64_t steady_ns);

/* Nothing is read into the database any more. */
void mt_dashboard_has_grown(struct mt_dashboard *d);

void mt_dashboard_draw(struct mt_dashboard *d, struct mt_canvas *c,
                       int64_t steady_ns);

/* One line instead of the footer, until the next key. */
void mt_dashboard_say(struct mt_dashboard *d, bool trouble, const char *text);

/* A line above the footer that stays until another takes its place; "" none.
 * brief: where text is too wide. Where rows are few there is no room for it. */
void mt_dashboard_note(struct mt_dashboard *d, bool trouble, const char *text,
                       const char *brief);

/* Borrowed until the next key. */
const char *mt_dashboard_clip(const struct mt_dashboard *d);

/* The rows to export, and the path. */
void mt_dashboard_export(const struct mt_dashboard *d,
                         struct mt_request *request, const char **path);

/* The newest answer of the screen shown; NULL: none yet. Borrowed until the
 * next call. */
const struct mt_snapshot *mt_dashboard_snapshot(const struct mt_dashboard *d);

#endif

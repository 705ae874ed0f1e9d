/* What is typed on the last line: filters, searches, names of files, commands.
 */
#include <stdio.h>
#include <string.h>

#include "tui/command.h"

/* Of commands and filters, what was typed before. */
static struct mt_history *history(struct mt_dashboard *d)
{
    return d->typing == MT_TYPING_COMMAND  ? &d->history[0]
           : d->typing == MT_TYPING_FILTER ? &d->history[1]
                                           : NULL;
}

void mt_begin_typing(struct mt_dashboard *d, enum mt_typing typing,
                     const char *text)
{
    d->typing = typing;
    d->complaint[0] = d->others[0] = '\0';
    d->has_names = false;
    mt_edit_set(&d->edit, text);
    if (history(d) != NULL)
        history(d)->at = history(d)->count;
    if (typing == MT_TYPING_FILTER)
        (void)mt_check_filter(d, d->edit.text);
}

static unsigned typed_filter(struct mt_dashboard *d)
{
    struct mt_level *l = mt_level(d);
    if (!mt_check_filter(d, d->edit.text))
        return MT_DO_DRAW; /* what is wrong stays on screen */
    mt_history_add(&d->history[1], d->edit.text);
    d->typing = MT_TYPING_NOT;
    memcpy(l->filter, d->edit.text, sizeof l->filter);
    l->filter_off = false;
    return mt_ask_anew(d);
}

static unsigned typed_path(struct mt_dashboard *d)
{
    d->typing = MT_TYPING_NOT;
    if (d->edit.len == 0 || d->edit.len >= sizeof d->export_path)
        return MT_DO_DRAW;
    memcpy(d->export_path, d->edit.text, d->edit.len + 1);
    mt_dashboard_say(d, false, "writing ...");
    return MT_DO_DRAW | MT_DO_EXPORT;
}

static unsigned typed_command(struct mt_dashboard *d)
{
    char text[sizeof d->edit.text];
    unsigned what;
    memcpy(text, d->edit.text, sizeof text);
    if (!mt_command_run(d, text, &what))
        return MT_DO_DRAW; /* it may be corrected */
    mt_history_add(&d->history[0], text);
    d->typing = MT_TYPING_NOT;
    return what;
}

static unsigned typed_search(struct mt_dashboard *d)
{
    char text[sizeof d->search + 32];
    d->typing = MT_TYPING_NOT;
    if (d->search[0] == '\0' || mt_level_search(d, 1, false))
        return MT_DO_DRAW;
    (void)snprintf(text, sizeof text, "'%s' is not found in this list",
                   d->search);
    mt_dashboard_say(d, true, text);
    return MT_DO_DRAW;
}

static unsigned end_typing(struct mt_dashboard *d)
{
    switch (d->typing) {
    case MT_TYPING_FILTER:
        return typed_filter(d);
    case MT_TYPING_EXPORT:
        return typed_path(d);
    case MT_TYPING_COMMAND:
        return typed_command(d);
    case MT_TYPING_SEARCH:
        return typed_search(d);
    default:
        d->typing = MT_TYPING_NOT;
        return MT_DO_DRAW;
    }
}

static void typed(struct mt_dashboard *d)
{
    if (d->typing == MT_TYPING_FILTER)
        (void)mt_check_filter(d, d->edit.text);
    if (d->typing != MT_TYPING_SEARCH)
        return;
    (void)snprintf(d->search, sizeof d->search, "%.255s", d->edit.text);
    if (d->search[0] != '\0' && !mt_level_search(d, 1, false))
        (void)snprintf(d->complaint, sizeof d->complaint, "not found");
}

/* Of a value the database is asked, once; what it knows is completed when it
 * has answered. */
static unsigned complete(struct mt_dashboard *d)
{
    struct mt_buf others = mt_buf_of(d->others, sizeof d->others - 1);
    struct mt_edit *e = &d->edit;
    bool valued = d->typing == MT_TYPING_COMMAND  ? mt_command_is_valued(e)
                  : d->typing == MT_TYPING_FILTER ? mt_filter_is_valued(e, 0)
                                                  : false;
    bool found = true;
    if (valued && !d->has_names) {
        d->has_names = d->wants_names = d->awaits_names = true;
        mt_put_str(&others, "looking ...");
        (void)mt_ask_anew(d);
    } else if (d->typing == MT_TYPING_FILTER) {
        found = mt_complete_filter(e, 0, &d->known, &others);
    } else if (d->typing == MT_TYPING_COMMAND) {
        found = mt_command_complete(d, &others);
    }
    if (!found)
        mt_put_str(&others, "nothing that begins so is known");
    d->others[others.len] = '\0';
    typed(d);
    return d->awaits_names ? MT_DO_DRAW | MT_DO_ASK : MT_DO_DRAW;
}

void mt_complete_named(struct mt_dashboard *d)
{
    const struct mt_snapshot *a = mt_dashboard_snapshot(d);
    if (a->names != NULL)
        mt_known_merge(&d->known, a->names);
    if (d->awaits_names && d->typing != MT_TYPING_NOT)
        (void)complete(d);
    d->wants_names = d->awaits_names = false;
}

static unsigned leave(struct mt_dashboard *d)
{
    if (d->typing == MT_TYPING_SEARCH)
        d->search[0] = '\0';
    d->typing = MT_TYPING_NOT;
    return MT_DO_DRAW;
}

unsigned mt_type(struct mt_dashboard *d, int32_t key)
{
    struct mt_history *h = history(d);
    d->complaint[0] = d->others[0] = '\0';
    d->awaits_names = false;
    if (key == MT_KEY_ENTER)
        return end_typing(d);
    if (key == MT_KEY_ESC || key == MT_KEY_CONTROL('C'))
        return leave(d);
    if (d->typing == MT_TYPING_COMMAND && key == MT_KEY_BACKSPACE &&
        d->edit.len == 0)
        return leave(d);
    if (key == MT_KEY_TAB)
        return complete(d);
    if (h != NULL && (key == MT_KEY_UP || key == MT_KEY_DOWN)) {
        mt_history_step(h, key == MT_KEY_UP ? -1 : 1, &d->edit);
        typed(d);
    } else if (mt_edit_key(&d->edit, key)) {
        typed(d);
    }
    return MT_DO_DRAW;
}

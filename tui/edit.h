/**
 * edit.h - one line of text being typed.
 *
 *     mt_edit_set(&e, "svc=cart");
 *     bool changed = mt_edit_key(&e, key);
 *
 * UTF-8, bounded; the cursor stands between characters. Control characters
 * are not taken in.
 */
#ifndef MT_TUI_EDIT_H
#define MT_TUI_EDIT_H

#include "store/filter.h"
#include "tui/key.h"

enum { MT_EDIT_BYTES = MT_FILTER_TEXT_MAX };

struct mt_edit {
    char text[MT_EDIT_BYTES + 1];
    size_t len, cursor; /* bytes */
};

void mt_edit_set(struct mt_edit *e, const char *text);

/* True when the text changed. */
bool mt_edit_key(struct mt_edit *e, int32_t key);

#endif

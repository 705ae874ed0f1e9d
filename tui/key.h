/**
 * key.h - keys as numbers: characters are their code points, the others
 * follow after the last of Unicode. Control characters are themselves, so ^F
 * is 6.
 */
#ifndef MT_TUI_KEY_H
#define MT_TUI_KEY_H

#include <stdint.h>

#include "base/span.h"

/* X(NAME, "as people call it") */
#define MT_KEYS(X)       \
    X(UP, "Up")          \
    X(DOWN, "Down")      \
    X(LEFT, "Left")      \
    X(RIGHT, "Right")    \
    X(PAGE_UP, "PgUp")   \
    X(PAGE_DOWN, "PgDn") \
    X(HOME, "Home")      \
    X(END, "End")        \
    X(DELETE, "Del")     \
    X(BACK_TAB, "S-Tab") \
    X(F1, "F1")          \
    X(F2, "F2")          \
    X(F3, "F3")          \
    X(F4, "F4")          \
    X(F5, "F5")          \
    X(F6, "F6")          \
    X(F7, "F7")          \
    X(F8, "F8")          \
    X(F9, "F9")          \
    X(F10, "F10")

enum mt_key {
    MT_KEY_NONE = 0,
    MT_KEY_TAB = '\t',
    MT_KEY_ENTER = '\r',
    MT_KEY_ESC = 27,
    MT_KEY_SPACE = ' ',
    MT_KEY_BACKSPACE = 127,
    MT_KEY_FIRST_NAMED = 0x110000,
#define X(name, text) MT_KEY_##name,
    MT_KEYS(X)
#undef X
        MT_KEY_END_OF_NAMED,
};

#define MT_KEY_CONTROL(letter) ((letter)&31)

enum { MT_KEY_TEXT_BYTES = 8 };

/* "Enter", "^F", "F1", "q" into a buffer of MT_KEY_TEXT_BYTES. */
const char *mt_key_text(int32_t key, char *buf);

/* One key off the front of a script: a character, or a name within <>, such
 * as <Enter> or <^F>. MT_KEY_NONE where it is neither. */
int32_t mt_key_take(struct mt_span *script);

#endif

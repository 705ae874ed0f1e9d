/**
 * style.h - what a cell of the screen is, and how each kind of terminal shows
 * it.
 *
 * Screens name roles; colours are in one table. Colour only says what matters:
 * red and amber for trouble, a bar for what is selected; everything else is
 * weight.
 *
 *     struct mt_look look = mt_style_look(MT_ROLE_BAD, selected, MT_DEPTH_8);
 */
#ifndef MT_TUI_STYLE_H
#define MT_TUI_STYLE_H

#include <stdbool.h>
#include <stdint.h>

/* X(NAME, letter in tests, mono, colour of 8, of 256, what for) */
#define MT_ROLES(X)                                                          \
    X(PLAIN, '.', 0, -1, -1, "values")                                       \
    X(TITLE, 'T', MT_LOOK_BOLD, -1, -1, "titles of columns")                 \
    X(STRONG, 'S', MT_LOOK_BOLD, -1, -1, "what a line is about")             \
    X(DIM, 'd', MT_LOOK_DIM, -1, 245, "units, zeros, what is unknown")       \
    X(BAD, 'B', MT_LOOK_BOLD, 1, 203, "success below 90 %, failures")        \
    X(WARN, 'W', MT_LOOK_BOLD, 3, 214, "success below 95 %, losses, paused") \
    X(INFERRED, '~', MT_LOOK_DIM, 6, 110, "values after ~")                  \
    X(GRAPH, 'g', 0, 6, 74, "graphs")                                        \
    X(KEY, 'K', MT_LOOK_BOLD, 6, 74, "keys in the footer and the help")      \
    X(FOUND, 'F', MT_LOOK_BOLD | MT_LOOK_UNDERLINE, 3, 222, "what was searched")

enum mt_role_of_cell {
#define X(name, letter, mono, of8, of256, help) MT_ROLE_##name,
    MT_ROLES(X)
#undef X
        MT_ROLE_COUNT
};

enum mt_depth { MT_DEPTH_MONO, MT_DEPTH_8, MT_DEPTH_256, MT_DEPTH_COUNT };

enum mt_look_bits {
    MT_LOOK_BOLD = 1,
    MT_LOOK_DIM = 2,
    MT_LOOK_UNDERLINE = 4,
    MT_LOOK_REVERSE = 8,
};

/* Colours are the terminal's numbers; -1 is its own. */
struct mt_look {
    uint8_t bits; /* enum mt_look_bits */
    int16_t colour, background;
};

struct mt_look mt_style_look(unsigned role, bool selected, enum mt_depth depth);

/* One letter a role, for tests. */
char mt_style_letter(unsigned role);

#endif

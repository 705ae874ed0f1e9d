#include "tui/style.h"

#include <assert.h>

struct row {
    char letter;
    uint8_t mono;
    int16_t of8, of256;
};

static const struct row rows[] = {
#define X(name, letter, mono, of8, of256, help) {letter, mono, of8, of256},
    MT_ROLES(X)
#undef X
};

/* On the selected row a role keeps its meaning only where it means trouble;
 * both colours are named, so that it can be read on any terminal. */
static struct mt_look selected_look(unsigned role, enum mt_depth depth)
{
    static const struct mt_look of8 = {0, 0, 6}, bad8 = {MT_LOOK_BOLD, 7, 1},
                                warn8 = {0, 0, 3};
    static const struct mt_look of256 = {0, 255, 238},
                                bad256 = {MT_LOOK_BOLD, 210, 238},
                                warn256 = {MT_LOOK_BOLD, 222, 238};
    bool bad = role == MT_ROLE_BAD, warn = role == MT_ROLE_WARN;
    switch (depth) {
    case MT_DEPTH_8:
        return bad ? bad8 : warn ? warn8 : of8;
    case MT_DEPTH_256:
        return bad ? bad256 : warn ? warn256 : of256;
    default:
        return (struct mt_look){
            (uint8_t)(MT_LOOK_REVERSE | (bad || warn ? MT_LOOK_BOLD : 0)), -1,
            -1};
    }
}

struct mt_look mt_style_look(unsigned role, bool selected, enum mt_depth depth)
{
    assert(role < MT_ROLE_COUNT);
    if (selected)
        return selected_look(role, depth);
    const struct row *r = &rows[role];
    struct mt_look look = {r->mono, -1, -1};
    if (depth == MT_DEPTH_MONO)
        return look;
    look.colour = (int16_t)(depth == MT_DEPTH_256 ? r->of256 : r->of8);
    if (depth == MT_DEPTH_256 && look.colour >= 0)
        look.bits &= (uint8_t)~MT_LOOK_DIM; /* the colour says it */
    return look;
}

char mt_style_letter(unsigned role)
{
    assert(role < MT_ROLE_COUNT);
    return rows[role].letter;
}

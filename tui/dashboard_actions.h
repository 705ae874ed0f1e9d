/* dashboard_actions.h - private to tui/dashboard*.c: what keys do, where it is
 * not in the file of the keys' table. */
#ifndef MT_TUI_DASHBOARD_ACTIONS_H
#define MT_TUI_DASHBOARD_ACTIONS_H

#include "tui/dashboard_impl.h"

#define MT_ACTION(name) \
    unsigned mt_act_##name(struct mt_dashboard *d, int32_t key)

/* ---- dashboard_time.c ---- */

MT_ACTION(window);
MT_ACTION(pause);
MT_ACTION(step);
MT_ACTION(live);

/* ---- dashboard_select.c ---- */

/* In a list the selection moves; a page scrolls. */
unsigned mt_move(struct mt_dashboard *d, int64_t by);
bool mt_is_list(const struct mt_dashboard *d);

MT_ACTION(add);
MT_ACTION(mark);
MT_ACTION(mark_shown);
MT_ACTION(marked);
MT_ACTION(cell);

#endif

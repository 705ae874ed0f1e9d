/**
 * terminal.h - a canvas on a terminal, and keys from it: ncurses.
 *
 *     const char *why;
 *     rc = mt_terminal_open(&t, &why);     // < 0: why tells what to do
 *     mt_terminal_show(t, &canvas);
 *     while (mt_terminal_next(t, &input)) ...
 *     mt_terminal_close(t);
 *
 * One at a time. Whatever ends the program, a crash too, the terminal is put
 * back as it was. Keys come from /dev/tty where standard input is no terminal.
 */
#ifndef MT_TUI_TERMINAL_H
#define MT_TUI_TERMINAL_H

#include "tui/canvas.h"
#include "tui/key.h"

struct mt_terminal;

enum mt_input_kind { MT_INPUT_KEY, MT_INPUT_CLICK, MT_INPUT_RESIZE };

struct mt_input {
    enum mt_input_kind kind;
    int32_t key;
    size_t column, row; /* of a click */
};

/* 0 or -1. *why: static text, "what is wrong; what to do". */
int mt_terminal_open(struct mt_terminal **out, const char **why);
void mt_terminal_close(struct mt_terminal *t); /* NULL is fine */

/* For poll(): readable when keys wait. */
int mt_terminal_fd(const struct mt_terminal *t);
void mt_terminal_size(const struct mt_terminal *t, size_t *columns,
                      size_t *rows);

/* The next key that waits; false: none. */
bool mt_terminal_next(struct mt_terminal *t, struct mt_input *in);

void mt_terminal_show(struct mt_terminal *t, const struct mt_canvas *c);
void mt_terminal_repaint(struct mt_terminal *t);

/* Stop as ^Z does, and come back. */
void mt_terminal_suspend(struct mt_terminal *t);

/* To the clipboard, by OSC 52: most terminals and tmux take it. */
void mt_terminal_copy(struct mt_terminal *t, struct mt_span text);

#endif

#include "tui/terminal.h"

#include <curses.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <termios.h>
#include <unistd.h>

#include "base/text_escape.h"

enum { ESC_DELAY_MS = 25, RESTORE_BYTES = 256, COPY_MAX = 8192 };

struct mt_terminal {
    SCREEN *screen;
    FILE *keys; /* NULL: standard input */
    enum mt_depth depth;
};

/* ---- the terminal as it was ---- */

/* What the signal handler needs, made before it can be called. */
static struct {
    struct termios termios;
    int fd;
    uint8_t bytes[RESTORE_BYTES];
    size_t len;
} restore;

static const int deadly[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT,
                             SIGTERM, SIGHUP, SIGINT, SIGQUIT};
enum { DEADLY = sizeof deadly / sizeof deadly[0] };
static struct sigaction before[DEADLY];

/* Only what POSIX lets a handler call. The handler is gone by then, so that
 * raise() ends the program in the usual way. */
static void on_deadly(int number)
{
    int saved = errno;
    ssize_t n = write(restore.fd, restore.bytes, restore.len);
    (void)n;
    (void)tcsetattr(restore.fd, TCSANOW, &restore.termios);
    errno = saved;
    (void)raise(number);
}

/* A capability without its padding, "$<5>". */
static void put_capability(struct mt_buf *b, const char *name)
{
    const char *s = tigetstr((NCURSES_CONST char *)name);
    if (s == NULL || s == (char *)-1)
        return;
    while (*s != '\0') {
        if (s[0] == '$' && s[1] == '<' && strchr(s, '>') != NULL)
            s = strchr(s, '>');
        else
            mt_put_char(b, *s);
        s++;
    }
}

static void prepare_restore(void)
{
    struct mt_buf b = mt_buf_of(restore.bytes, sizeof restore.bytes);
    mt_put_str(&b, "\033[?1000l\033[?1002l\033[?1006l"); /* no mouse */
    put_capability(&b, "sgr0");
    put_capability(&b, "op");
    put_capability(&b, "rmkx");
    put_capability(&b, "cnorm");
    put_capability(&b, "rmcup");
    restore.len = b.len;
}

static void catch_signals(void)
{
    struct sigaction action = {.sa_handler = on_deadly,
                               .sa_flags = (int)SA_RESETHAND};
    (void)sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < DEADLY; i++)
        (void)sigaction(deadly[i], &action, &before[i]);
}

static void release_signals(void)
{
    for (size_t i = 0; i < DEADLY; i++)
        (void)sigaction(deadly[i], &before[i], NULL);
}

/* ---- open and close ---- */

static void set_colours(struct mt_terminal *t)
{
    const char *none = getenv("NO_COLOR");
    t->depth = MT_DEPTH_MONO;
    if ((none != NULL && none[0] != '\0') || !has_colors() ||
        start_color() == ERR || use_default_colors() == ERR || COLORS < 8)
        return;
    t->depth = COLORS >= 256 ? MT_DEPTH_256 : MT_DEPTH_8;
    for (unsigned role = 0; role < MT_ROLE_COUNT; role++)
        for (unsigned selected = 0; selected < 2; selected++) {
            struct mt_look look = mt_style_look(role, selected, t->depth);
            (void)init_pair((short)(1 + 2 * role + selected), look.colour,
                            look.background);
        }
}

/* A TERM that nobody knows is most likely much like the usual ones. */
static SCREEN *open_screen(FILE *keys)
{
    static const char *const names[] = {NULL, "xterm-256color", "xterm",
                                        "vt100", "ansi"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        SCREEN *s = newterm((NCURSES_CONST char *)names[i], stdout, keys);
        if (s != NULL)
            return s;
    }
    return NULL;
}

static void set_modes(void)
{
    (void)raw(); /* ^C and ^Z are keys */
    (void)noecho();
    (void)nonl();
    (void)intrflush(stdscr, FALSE);
    (void)keypad(stdscr, TRUE);
    (void)nodelay(stdscr, TRUE);
    (void)set_escdelay(ESC_DELAY_MS);
    (void)curs_set(0);
    (void)mousemask(BUTTON1_PRESSED | BUTTON4_PRESSED | BUTTON5_PRESSED, NULL);
    (void)mouseinterval(0);
}

static const char *problem(const struct mt_terminal *t)
{
    const char *term = getenv("TERM");
    if (!isatty(STDOUT_FILENO))
        return "standard output is no terminal; -1 prints the screen once";
    if (term == NULL || term[0] == '\0' || strcmp(term, "dumb") == 0)
        return "TERM is dumb or not set: no dashboard can be drawn; -1 "
               "prints it once";
    if (!isatty(STDIN_FILENO) && t->keys == NULL)
        return "no keys: there is no terminal to read them from; -1 prints "
               "the screen once";
    return NULL;
}

int mt_terminal_open(struct mt_terminal **out, const char **why)
{
    struct mt_terminal *t = calloc(1, sizeof *t);
    *out = NULL;
    *why = "not enough memory";
    if (t == NULL)
        return -1;
    if (!isatty(STDIN_FILENO))
        t->keys = fopen("/dev/tty", "re");
    *why = problem(t);
    restore.fd = STDOUT_FILENO;
    if (*why == NULL && tcgetattr(STDOUT_FILENO, &restore.termios) != 0)
        *why = "the terminal cannot be set up; -1 prints the screen once";
    if (*why == NULL) {
        t->screen = open_screen(t->keys != NULL ? t->keys : stdin);
        if (t->screen == NULL)
            *why = "TERM names no terminal that is known here; try "
                   "TERM=xterm-256color";
    }
    if (*why != NULL) {
        mt_terminal_close(t);
        return -1;
    }
    prepare_restore();
    catch_signals();
    set_modes();
    set_colours(t);
    *out = t;
    return 0;
}

void mt_terminal_close(struct mt_terminal *t)
{
    if (t == NULL)
        return;
    if (t->screen != NULL) {
        (void)endwin();
        delscreen(t->screen);
        release_signals();
    }
    if (t->keys != NULL)
        (void)fclose(t->keys);
    free(t);
}

int mt_terminal_fd(const struct mt_terminal *t)
{
    return t->keys != NULL ? fileno(t->keys) : STDIN_FILENO;
}

void mt_terminal_size(const struct mt_terminal *t, size_t *columns,
                      size_t *rows)
{
    (void)t;
    *columns = (size_t)(COLS > 0 ? COLS : 1);
    *rows = (size_t)(LINES > 0 ? LINES : 1);
}

/* ---- keys ---- */

static int32_t key_of_code(wint_t code)
{
    static const struct {
        wint_t code;
        int32_t key;
    } codes[] = {
        {KEY_UP, MT_KEY_UP},         {KEY_DOWN, MT_KEY_DOWN},
        {KEY_LEFT, MT_KEY_LEFT},     {KEY_RIGHT, MT_KEY_RIGHT},
        {KEY_PPAGE, MT_KEY_PAGE_UP}, {KEY_NPAGE, MT_KEY_PAGE_DOWN},
        {KEY_HOME, MT_KEY_HOME},     {KEY_END, MT_KEY_END},
        {KEY_DC, MT_KEY_DELETE},     {KEY_BTAB, MT_KEY_BACK_TAB},
        {KEY_ENTER, MT_KEY_ENTER},   {KEY_BACKSPACE, MT_KEY_BACKSPACE}};
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++)
        if (codes[i].code == code)
            return codes[i].key;
    if (code >= KEY_F(1) && code <= KEY_F(10))
        return MT_KEY_F1 + (int32_t)(code - KEY_F(1));
    return MT_KEY_NONE;
}

static void take_mouse(struct mt_input *in)
{
    MEVENT event;
    if (getmouse(&event) != OK)
        return;
    if (event.bstate & BUTTON4_PRESSED)
        in->key = MT_KEY_UP;
    else if (event.bstate & BUTTON5_PRESSED)
        in->key = MT_KEY_DOWN;
    else if ((event.bstate & BUTTON1_PRESSED) && event.x >= 0 && event.y >= 0)
        *in = (struct mt_input){.kind = MT_INPUT_CLICK,
                                .column = (size_t)event.x,
                                .row = (size_t)event.y};
}

bool mt_terminal_next(struct mt_terminal *t, struct mt_input *in)
{
    wint_t c;
    (void)t;
    *in = (struct mt_input){.kind = MT_INPUT_KEY};
    int rc = get_wch(&c);
    if (rc == ERR)
        return false;
    if (rc == KEY_CODE_YES && c == KEY_RESIZE)
        in->kind = MT_INPUT_RESIZE;
    else if (rc == KEY_CODE_YES && c == KEY_MOUSE)
        take_mouse(in);
    else if (rc == KEY_CODE_YES)
        in->key = key_of_code(c);
    else
        in->key = c == '\n' ? MT_KEY_ENTER : (int32_t)c;
    return true;
}

/* ---- showing ---- */

static attr_t attributes(const struct mt_terminal *t, unsigned role,
                         bool selected)
{
    struct mt_look look = mt_style_look(role, selected, t->depth);
    attr_t a = A_NORMAL;
    a |= look.bits & MT_LOOK_BOLD ? A_BOLD : 0;
    a |= look.bits & MT_LOOK_DIM ? A_DIM : 0;
    a |= look.bits & MT_LOOK_UNDERLINE ? A_UNDERLINE : 0;
    a |= look.bits & MT_LOOK_REVERSE ? A_REVERSE : 0;
    return a;
}

static void show_cell(const struct mt_terminal *t, int row, int column,
                      const struct mt_cell *cell)
{
    wchar_t text[CCHARW_MAX + 1] = {L' '};
    struct mt_span rest = {cell->text, cell->len};
    cchar_t c;
    for (size_t i = 0; rest.len > 0 && i < CCHARW_MAX; i++)
        text[i] = (wchar_t)mt_utf8_take(&rest);
    int pair =
        t->depth == MT_DEPTH_MONO ? 0 : 1 + 2 * cell->role + cell->selected;
    if (setcchar(&c, text, attributes(t, cell->role, cell->selected),
                 (short)pair, NULL) == OK)
        (void)mvadd_wch(row, column, &c); /* the last cell: ERR, but drawn */
}

void mt_terminal_show(struct mt_terminal *t, const struct mt_canvas *c)
{
    for (size_t r = 0; r < c->rows && r < (size_t)LINES; r++)
        for (size_t i = 0; i < c->columns && i < (size_t)COLS; i++) {
            const struct mt_cell *cell = &c->cells[r * c->columns + i];
            bool second = i > 0 && cell[-1].wide;
            if (!second)
                show_cell(t, (int)r, (int)i, cell);
        }
    (void)refresh();
}

void mt_terminal_repaint(struct mt_terminal *t)
{
    (void)t;
    (void)clearok(curscr, TRUE);
}

void mt_terminal_suspend(struct mt_terminal *t)
{
    (void)def_prog_mode();
    (void)endwin();
    (void)raise(SIGSTOP); /* what SIGTSTP does, whoever handles that */
    (void)reset_prog_mode();
    mt_terminal_repaint(t);
    (void)refresh();
}

void mt_terminal_copy(struct mt_terminal *t, struct mt_span text)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                 "abcdefghijklmnopqrstuvwxyz0123456789+/";
    uint8_t bytes[COPY_MAX];
    struct mt_buf b = mt_buf_of(bytes, sizeof bytes);
    (void)t;
    mt_put_str(&b, "\033]52;c;");
    for (size_t i = 0; i < text.len; i += 3) {
        size_t n = text.len - i < 3 ? text.len - i : 3;
        uint32_t v = (uint32_t)text.ptr[i] << 16;
        v |= n > 1 ? (uint32_t)text.ptr[i + 1] << 8 : 0;
        v |= n > 2 ? text.ptr[i + 2] : 0;
        for (size_t k = 0; k < 4; k++)
            mt_put_char(&b,
                        (char)(k <= n ? digits[v >> (18 - 6 * k) & 63] : '='));
    }
    mt_put_str(&b, "\a");
    if (b.full)
        return;
    ssize_t written = write(STDOUT_FILENO, b.ptr, b.len);
    (void)written;
}

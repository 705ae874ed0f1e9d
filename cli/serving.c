#include "cli/serving.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text_addr.h"
#include "cli/clock.h"
#include "cli/ladder.h"
#include "cli/printer.h"
#include "cli/say.h"
#include "web/guard.h"

#define PATIENCE_NS INT64_C(2000000000)

enum { PLACE_BYTES = 80 };

static int64_t steady(void *arg)
{
    (void)arg;
    return mt_steady_ns();
}

/* ---- packets ---- */

static bool is_late(void *arg)
{
    const int64_t *deadline = arg;
    return mt_steady_ns() > *deadline;
}

static void read_ladder(const void *arg, struct mt_store *s,
                        const struct mt_exchange *x, struct mt_ladder *l)
{
    int64_t deadline = mt_steady_ns() + PATIENCE_NS;
    const struct mt_ladder_options bounds = {is_late, &deadline};
    mt_ladder_of(l, s, arg, x, &bounds);
}

/* ---- who may ask ---- */

/* One line; what else there is would be another token. */
static int read_token(struct mt_serving *s, const char *path)
{
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        mt_say(path, "%s", strerror(errno));
        return MT_EXIT_ERROR;
    }
    bool read = fgets(s->token, sizeof s->token, file) != NULL;
    (void)fclose(file);
    if (read)
        s->token[strcspn(s->token, "\r\n")] = '\0';
    if (read && mt_web_token_is_fit(mt_span_str(s->token)))
        return 0;
    mt_say(path, "no token; write one line of 16 to 256 letters, digits, "
                 "'-', '_' and '.'");
    return MT_EXIT_ERROR;
}

static int make_token(struct mt_serving *s)
{
    uint64_t random[2];
    if (getrandom(random, sizeof random, 0) != (ssize_t)sizeof random) {
        mt_say(NULL, "no randomness for a token; give one with --token-file");
        return MT_EXIT_ERROR;
    }
    (void)snprintf(s->token, sizeof s->token, "%016" PRIx64 "%016" PRIx64,
                   random[0], random[1]);
    return 0;
}

static int choose_token(struct mt_serving *s)
{
    if (s->options->token_file != NULL)
        return read_token(s, s->options->token_file);
    if (mt_web_address_is_loopback(&s->address))
        return 0;
    s->made = true;
    return make_token(s);
}

/* Those given and, beyond loopback, this machine's own. */
static int choose_names(struct mt_serving *s)
{
    const struct mt_options *o = s->options;
    size_t n = 0;
    s->host_names = calloc(o->host_names_count + 1, sizeof *s->host_names);
    if (s->host_names == NULL) {
        mt_say(NULL, "%s", mt_store_strerror(MT_STORE_ENOMEM));
        return MT_EXIT_ERROR;
    }
    for (; n < o->host_names_count; n++) {
        s->host_names[n] = o->host_names[n];
        if (mt_web_host_name_is_fit(mt_span_str(o->host_names[n])))
            continue;
        mt_say(NULL,
               "--host-name '%s' is no name of a machine; write vm.example, "
               "without a port",
               o->host_names[n]);
        return MT_EXIT_USAGE;
    }
    if (!mt_web_address_is_loopback(&s->address) &&
        gethostname(s->host, sizeof s->host - 1) == 0)
        s->host_names[n++] = s->host;
    s->host_names_count = n;
    return 0;
}

/* ---- where ---- */

static const char *remedy_of(int rc)
{
    switch (rc) {
    case -EADDRINUSE:
        return "; choose another port";
    case -EADDRNOTAVAIL:
        return "; no interface of this machine has this address: take one of "
               "`ip addr`, 127.0.0.1 for this machine alone, or 0.0.0.0 for "
               "all of them";
    case -EACCES:
        return "; a port below 1024 takes the right to it: choose another";
    default:
        return "";
    }
}

static int open_place(struct mt_serving *s, const char *place)
{
    if (mt_web_address_parse(mt_span_str(place), &s->address) != 0) {
        mt_say(NULL,
               "'%s' is no address; write 7070, 10.0.0.5:7070 or [::1]:7070",
               place);
        return MT_EXIT_USAGE;
    }
    int fd = mt_web_listen(&s->address);
    if (fd >= 0) {
        s->fd = s->kept = fd;
        return 0;
    }
    mt_say(place, "cannot listen: %s%s", strerror(-fd), remedy_of(fd));
    return MT_EXIT_ERROR;
}

static void say_where(struct mt_serving *s, const char *db)
{
    char place[PLACE_BYTES];
    struct mt_web_address shown;
    struct mt_buf b = mt_buf_of(place, sizeof place - 1);
    bool all = mt_web_address_shown(&s->address, &shown);
    mt_put_ip_port(&b, shown.ip, shown.port);
    place[b.len] = '\0';
    (void)snprintf(s->line, sizeof s->line, "serving %s on %shttp://%s/%s%s",
                   db, all ? "every address, such as " : "", place,
                   s->made               ? "?token="
                   : s->token[0] != '\0' ? " (with the token)"
                                         : "",
                   s->made ? s->token : "");
    mt_say(NULL, "%s", s->line);
}

/* ---- its life ---- */

int mt_serving_listen(struct mt_serving *s, const struct mt_options *o,
                      const char *listen)
{
    *s = (struct mt_serving){.options = o};
    (void)signal(SIGPIPE, SIG_IGN);
    int rc = open_place(s, listen != NULL ? listen : MT_WEB_PLACE);
    if (rc == 0)
        rc = choose_token(s);
    if (rc == 0)
        rc = choose_names(s);
    if (rc != 0)
        mt_serving_end(s);
    return rc;
}

static int say_not_opened(const struct mt_serving_of *what, int rc)
{
    if (rc == MT_STORE_ENOENT && what->named == NULL)
        mt_say(NULL, "nothing was recorded yet: name a database with -d "
                     "DB, or begin with meshtop record");
    else
        mt_say(what->db, "%s", mt_store_strerror(rc));
    return MT_EXIT_ERROR;
}

int mt_serving_open(struct mt_serving *s, const struct mt_serving_of *what)
{
    const struct mt_web_site site = {
        .db = what->db,
        .db_named = what->named,
        .fixed = what->fixed,
        .version = MT_VERSION,
        .token = s->token[0] != '\0' ? s->token : NULL,
        .host_names = s->host_names,
        .host_names_count = s->host_names_count,
        .steady = steady,
        .wall_ns = mt_wall_ns,
        .offset_s = mt_local_offset_s,
        .ladder = what->no_packets ? NULL : read_ladder,
        .ladder_arg = s->options};
    int fd = s->fd;
    s->fd = 0; /* it is taken */
    int rc = mt_web_open(&s->web, &site, fd);
    if (rc != 0)
        return say_not_opened(what, rc);
    say_where(s, what->label != NULL ? what->label : what->db);
    return 0;
}

int mt_serving_start(struct mt_serving *s)
{
    int rc = mt_web_start(s->web);
    if (rc == 0)
        return 0;
    mt_say(NULL, "the server cannot start: %s", strerror(-rc));
    return MT_EXIT_ERROR;
}

int mt_serving_begin(struct mt_serving *s, const struct mt_options *o,
                     const char *listen, const char *db)
{
    const struct mt_serving_of what = {
        .db = db, .named = o->db != NULL ? o->db : o->write};
    int rc = mt_serving_listen(s, o, listen);
    if (rc == 0)
        rc = mt_serving_open(s, &what);
    if (rc == 0)
        rc = mt_serving_start(s);
    if (rc != 0)
        mt_serving_end(s);
    return rc;
}

int mt_serving_fd(const struct mt_serving *s)
{
    return s->kept;
}

void mt_serving_end(struct mt_serving *s)
{
    mt_web_stop(s->web);
    if (s->fd > 0)
        (void)close(s->fd);
    free(s->host_names);
    *s = (struct mt_serving){.web = NULL};
}

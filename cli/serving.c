#include "cli/serving.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text_addr.h"
#include "cli/clock.h"
#include "cli/ladder.h"
#include "cli/printer.h"
#include "cli/say.h"
#include "web/guard.h"
#include "web/listen.h"

#define PATIENCE_NS INT64_C(2000000000)

enum { PLACE_BYTES = 80 };

static const char default_place[] = "127.0.0.1:7070";

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

static int choose_token(struct mt_serving *s, const struct mt_options *o,
                        const struct mt_web_address *a, bool *made)
{
    *made = false;
    if (o->token_file != NULL)
        return read_token(s, o->token_file);
    if (mt_web_address_is_loopback(a))
        return 0;
    *made = true;
    return make_token(s);
}

/* Those given and, beyond loopback, this machine's own. */
static int choose_names(struct mt_serving *s, const struct mt_options *o,
                        const struct mt_web_address *a, size_t *count)
{
    s->host_names = calloc(o->host_names_count + 1, sizeof *s->host_names);
    if (s->host_names == NULL) {
        mt_say(NULL, "%s", mt_store_strerror(MT_STORE_ENOMEM));
        return MT_EXIT_ERROR;
    }
    for (*count = 0; *count < o->host_names_count; (*count)++)
        s->host_names[*count] = o->host_names[*count];
    if (!mt_web_address_is_loopback(a) &&
        gethostname(s->host, sizeof s->host - 1) == 0)
        s->host_names[(*count)++] = s->host;
    return 0;
}

/* ---- where ---- */

static int open_place(const char *place, struct mt_web_address *a, int *fd)
{
    if (mt_web_address_parse(mt_span_str(place), a) != 0) {
        mt_say(NULL,
               "'%s' is no address; write 7070, 10.0.0.5:7070 or [::1]:7070",
               place);
        return MT_EXIT_USAGE;
    }
    *fd = mt_web_listen(a);
    if (*fd >= 0)
        return 0;
    mt_say(place, "cannot listen: %s%s", strerror(-*fd),
           *fd == -EADDRINUSE ? "; choose another port" : "");
    return MT_EXIT_ERROR;
}

static void say_where(const struct mt_serving *s, const char *db,
                      const struct mt_web_address *a, bool made)
{
    char place[PLACE_BYTES];
    struct mt_buf b = mt_buf_of(place, sizeof place - 1);
    mt_put_ip_port(&b, a->ip, a->port);
    place[b.len] = '\0';
    if (made)
        mt_say(NULL, "serving %s on http://%s/?token=%s", db, place, s->token);
    else
        mt_say(NULL, "serving %s on http://%s/%s", db, place,
               s->token[0] != '\0' ? " (with the token)" : "");
}

/* ---- its life ---- */

static int start(struct mt_serving *s, const struct mt_web_site *site, int fd)
{
    int rc = mt_web_open(&s->web, site, fd);
    if (rc != 0) {
        if (rc == MT_STORE_ENOENT && site->db_named == NULL)
            mt_say(NULL, "nothing was recorded yet: name a database with -d "
                         "DB, or begin with meshtop record");
        else
            mt_say(site->db, "%s", mt_store_strerror(rc));
        return MT_EXIT_ERROR;
    }
    rc = mt_web_start(s->web);
    if (rc == 0)
        return 0;
    mt_say(NULL, "the server cannot start: %s", strerror(-rc));
    return MT_EXIT_ERROR;
}

int mt_serving_begin(struct mt_serving *s, const struct mt_options *o,
                     const char *listen, const char *db)
{
    struct mt_web_address a;
    bool made = false;
    int fd = -1;
    *s = (struct mt_serving){.web = NULL};
    struct mt_web_site site = {.db = db,
                               .db_named = o->db != NULL ? o->db : o->write,
                               .version = MT_VERSION,
                               .steady = steady,
                               .wall_ns = mt_wall_ns,
                               .offset_s = mt_local_offset_s,
                               .ladder = read_ladder,
                               .ladder_arg = o};
    int rc = open_place(listen != NULL ? listen : default_place, &a, &fd);
    if (rc == 0)
        rc = choose_token(s, o, &a, &made);
    if (rc == 0)
        rc = choose_names(s, o, &a, &site.host_names_count);
    if (rc != 0 && fd >= 0)
        (void)close(fd);
    if (rc == 0) {
        site.host_names = s->host_names;
        site.token = s->token[0] != '\0' ? s->token : NULL;
        rc = start(s, &site, fd);
    }
    if (rc == 0)
        say_where(s, db, &a, made);
    else
        mt_serving_end(s);
    return rc;
}

void mt_serving_end(struct mt_serving *s)
{
    mt_web_stop(s->web);
    free(s->host_names);
    *s = (struct mt_serving){.web = NULL};
}

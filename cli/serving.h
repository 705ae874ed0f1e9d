/**
 * serving.h - the page and its API, beside whatever a command does.
 *
 *     struct mt_serving s;
 *     rc = mt_serving_begin(&s, o, "7070", db);    // says what is wrong
 *     ... until it is enough ...
 *     mt_serving_end(&s);
 *
 * Its threads are its own; it only reads the database.
 */
#ifndef MT_CLI_SERVING_H
#define MT_CLI_SERVING_H

#include "cli/options.h"
#include "web/server.h"

enum { MT_SERVING_TOKEN_BYTES = 264, MT_SERVING_HOST_BYTES = 256 };

struct mt_serving {
    struct mt_web *web;
    const char **host_names;
    char host[MT_SERVING_HOST_BYTES]; /* this machine's name */
    char token[MT_SERVING_TOKEN_BYTES];
};

/* listen NULL: the default. An exit code; then it need not be ended. The
 * options are borrowed until the end. */
int mt_serving_begin(struct mt_serving *s, const struct mt_options *o,
                     const char *listen, const char *db);
void mt_serving_end(struct mt_serving *s);

#endif

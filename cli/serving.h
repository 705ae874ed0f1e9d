/**
 * serving.h - the page and its API, beside whatever a command does.
 *
 *     struct mt_serving s;
 *     rc = mt_serving_begin(&s, o, "7070", db);    // says what is wrong
 *     ... until it is enough ...
 *     mt_serving_end(&s);
 *
 * Its threads are its own; it only reads the database.
 *
 * Who makes the database meanwhile, or gives up rights, takes the same steps
 * one by one:
 *
 *     rc = mt_serving_listen(&s, o, o->web);     // before anything is begun
 *     ... the database is made ...
 *     rc = mt_serving_open(&s, &place);          // opens all that it needs
 *     ... rights are given up: mt_serving_fd(&s) is accepted from ...
 *     rc = mt_serving_start(&s);                 // its threads
 */
#ifndef MT_CLI_SERVING_H
#define MT_CLI_SERVING_H

#include "cli/options.h"
#include "web/listen.h"
#include "web/server.h"

enum {
    MT_SERVING_TOKEN_BYTES = 264,
    MT_SERVING_HOST_BYTES = 256,
    MT_SERVING_LINE_BYTES = 4600,
};

struct mt_serving {
    const struct mt_options *options;
    struct mt_web *web;
    struct mt_web_address address;
    int fd;    /* listens; 0: none, or the server has it */
    int kept;  /* its number, whoever has it; 0: none */
    bool made; /* the token, by us */
    const char **host_names;
    size_t host_names_count;
    char host[MT_SERVING_HOST_BYTES]; /* this machine's name */
    char token[MT_SERVING_TOKEN_BYTES];
    char line[MT_SERVING_LINE_BYTES]; /* where it is served, once it is open */
};

/* What is served. */
struct mt_serving_of {
    const char *db;    /* path */
    const char *named; /* as command lines name it; NULL: the default */
    const char *label; /* for people; NULL: the path */
    bool fixed;        /* as of struct mt_web_site */
    bool no_packets;   /* of exchanges: they cannot be read here */
};

/* listen NULL: the default. An exit code; then it need not be ended. The
 * options are borrowed until the end. */
int mt_serving_begin(struct mt_serving *s, const struct mt_options *o,
                     const char *listen, const char *db);

/* An address of --web, and who may ask. An exit code; then it need not be
 * ended. The options are borrowed until the end. */
int mt_serving_listen(struct mt_serving *s, const struct mt_options *o,
                      const char *listen);
/* Opens the database, and says where it is served. An exit code. */
int mt_serving_open(struct mt_serving *s, const struct mt_serving_of *what);
/* An exit code. */
int mt_serving_start(struct mt_serving *s);

/* The socket that connections come from; 0: it is not listened. */
int mt_serving_fd(const struct mt_serving *s);

/* Of what was not listened, too: all zeroes. */
void mt_serving_end(struct mt_serving *s);

#endif

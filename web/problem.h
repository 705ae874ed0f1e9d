/**
 * problem.h - what is wrong with a request, as RFC 9457 tells it.
 *
 *     return mt_web_problem(&p, MT_WEB_PARAMETER, "limit",
 *                           "'%s' is no number from 1 to 10000", text);
 *
 * docs/api.md lists the kinds. Texts may hold a part of the request: they are
 * escaped where they are written.
 */
#ifndef MT_WEB_PROBLEM_H
#define MT_WEB_PROBLEM_H

#include <stddef.h>

#include "base/out.h"

/* X(NAME, status, "end of the type", "title") */
#define MT_WEB_PROBLEMS(X)                                                  \
    X(FILTER, 400, "filter", "the filter cannot be read")                   \
    X(PARAMETER, 400, "parameter", "a parameter is wrong")                  \
    X(TOKEN, 401, "token", "a token is needed")                             \
    X(HOST, 403, "host", "the Host header names another machine")           \
    X(NOT_FOUND, 404, "not-found", "there is no such thing")                \
    X(METHOD, 405, "method", "only GET and HEAD are answered")              \
    X(BODY, 413, "body", "requests have no body")                           \
    X(TARGET, 414, "target", "the address is too long")                     \
    X(TOO_LARGE, 500, "too-large", "the answer is too large")               \
    X(TOO_SLOW, 503, "too-slow", "the query took too long and was stopped") \
    X(BUSY, 503, "busy", "too much is asked at once")                       \
    X(DATABASE, 503, "database", "the database cannot be read")

enum mt_web_problem_kind {
    MT_WEB_FINE,
#define X(name, status, type, title) MT_WEB_##name,
    MT_WEB_PROBLEMS(X)
#undef X
};

struct mt_web_problem {
    enum mt_web_problem_kind kind;
    const char *parameter; /* static; NULL: none */
    size_t column, length; /* of a filter; 0: none */
    char detail[512];
};

/* Always -1. */
__attribute__((format(printf, 4, 5))) int
mt_web_problem(struct mt_web_problem *p, enum mt_web_problem_kind kind,
               const char *parameter, const char *format, ...);

unsigned mt_web_problem_status(enum mt_web_problem_kind kind);

/* The object, and a line end. */
void mt_web_problem_json(struct mt_out *o, const struct mt_web_problem *p);

#endif

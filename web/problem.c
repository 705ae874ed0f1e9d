#include "web/problem.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/json.h"
#include "web/json.h"

static const struct {
    unsigned status;
    const char *type, *title;
} kinds[] = {{200, "", ""},
#define X(name, status, type, title) \
    {status, "urn:meshtop:problem:" type, title},
             MT_WEB_PROBLEMS(X)
#undef X
};

int mt_web_problem(struct mt_web_problem *p, enum mt_web_problem_kind kind,
                   const char *parameter, const char *format, ...)
{
    va_list args;
    *p = (struct mt_web_problem){.kind = kind, .parameter = parameter};
    va_start(args, format);
    (void)vsnprintf(p->detail, sizeof p->detail, format, args);
    va_end(args);
    return -1;
}

unsigned mt_web_problem_status(enum mt_web_problem_kind kind)
{
    return kinds[kind].status;
}

void mt_web_problem_json(struct mt_out *o, const struct mt_web_problem *p)
{
    mt_out_char(o, '{');
    mt_web_text(o, "type", kinds[p->kind].type);
    mt_web_text(o, ",title", kinds[p->kind].title);
    mt_web_number(o, ",status", kinds[p->kind].status);
    mt_web_text(o, ",detail", p->detail);
    if (p->parameter != NULL)
        mt_web_text(o, ",parameter", p->parameter);
    if (p->column > 0) {
        mt_web_number(o, ",column", (int64_t)p->column);
        mt_web_number(o, ",length", (int64_t)p->length);
    }
    mt_out_str(o, "}\n");
}

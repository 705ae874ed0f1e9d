/* What every source has, and the way to its own functions. */
#include "capture/source.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { OFFSET_BITS = 48, NAME_SHOWN = 200 };

void *mt_source_new(size_t size, const struct mt_source_ops *ops,
                    const char *name, uint16_t number)
{
    struct mt_source *s = calloc(1, size);
    if (s == NULL)
        return NULL;
    s->name = strdup(name);
    if (s->name == NULL) {
        free(s);
        return NULL;
    }
    s->ops = ops;
    s->number_bits = (uint64_t)number << OFFSET_BITS;
    return s;
}

/* A name that would push the message out of its line is shown by its end. */
void mt_source_say(struct mt_problem *to, const char *name, const char *text)
{
    size_t n = strlen(name);
    const char *dots = n > NAME_SHOWN ? "..." : "";
    const char *end = n > NAME_SHOWN ? name + n - NAME_SHOWN : name;
    (void)snprintf(to->text, sizeof to->text, "%s%s: %s", dots, end, text);
}

int mt_source_break(struct mt_source *s, int code, const char *text)
{
    mt_source_say(&s->problem, s->name, text);
    s->ended = code;
    return code;
}

int mt_source_next(struct mt_source *s, struct mt_item *item)
{
    return s->ended != 0 ? s->ended : s->ops->next(s, item);
}

void mt_source_finish(struct mt_source *s, int64_t now_ns)
{
    s->ops->finish(s, now_ns);
}

int mt_source_read_at(struct mt_source *s, uint64_t offset,
                      struct mt_item *item)
{
    return s->ops->read_at != NULL ? s->ops->read_at(s, offset, item) : -ESPIPE;
}

int mt_source_descriptor(const struct mt_source *s)
{
    return s->ops->descriptor != NULL ? s->ops->descriptor(s) : -1;
}

const char *mt_source_problem(const struct mt_source *s)
{
    return s->problem.text;
}

const char *mt_source_path(const struct mt_source *s)
{
    return s->name;
}

struct mt_source_progress mt_source_progress(const struct mt_source *s)
{
    return s->ops->progress(s);
}

void mt_source_free(struct mt_source *s)
{
    if (s == NULL)
        return;
    s->ops->free(s);
    free(s->name);
    free(s);
}

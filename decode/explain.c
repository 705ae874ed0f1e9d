#include "decode/explain.h"

#include <stddef.h>

#include "decode/explain_parts.h"

static void write_line(const struct mt_sentence *s, const struct mt_exchange *x,
                       struct mt_buf *out)
{
    s->write(x, out);
    mt_put_char(out, '\n');
}

static const struct mt_sentence *ending_of(const struct mt_exchange *x)
{
    const struct mt_sentence *ending = mt_explain_endings;
    if (mt_explain_proxied_ending.applies(x))
        return &mt_explain_proxied_ending;
    while (!ending->applies(x))
        ending++;
    return ending;
}

static void write_all(const struct mt_sentence *s, const struct mt_exchange *x,
                      struct mt_buf *out)
{
    for (; s->applies != NULL; s++)
        if (s->applies(x))
            write_line(s, x, out);
}

void mt_explain(const struct mt_exchange *x, struct mt_buf *out)
{
    write_line(ending_of(x), x, out);
    write_all(mt_explain_notes, x, out);
    write_all(mt_explain_proxied_notes, x, out);
}

#include "decode/explain.h"

#include <stddef.h>

#include "decode/explain_parts.h"

static void write_line(const struct mt_sentence *s, const struct mt_exchange *x,
                       struct mt_buf *out)
{
    s->write(x, out);
    mt_put_char(out, '\n');
}

void mt_explain(const struct mt_exchange *x, struct mt_buf *out)
{
    const struct mt_sentence *ending = mt_explain_endings;
    while (!ending->applies(x))
        ending++;
    write_line(ending, x, out);
    for (const struct mt_sentence *s = mt_explain_notes; s->applies != NULL;
         s++)
        if (s->applies(x))
            write_line(s, x, out);
}

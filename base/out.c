#include "base/out.h"

void mt_out_init(struct mt_out *o, struct mt_sink sink)
{
    o->sink = sink;
    o->rc = 0;
    o->buf = mt_buf_of(o->bytes, sizeof o->bytes);
}

int mt_out_flush(struct mt_out *o)
{
    if (o->buf.len > 0 && o->rc == 0)
        o->rc = o->sink.write(o->sink.arg, mt_buf_span(&o->buf));
    o->buf.len = 0;
    return o->rc;
}

void mt_out_span(struct mt_out *o, struct mt_span s)
{
    while (s.len > MT_OUT_BYTES) {
        struct mt_span part = mt_span_take(&s, MT_OUT_BYTES);
        mt_put_span(mt_out_room(o, part.len), part);
    }
    mt_put_span(mt_out_room(o, s.len), s);
}

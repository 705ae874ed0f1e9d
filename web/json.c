#include "web/json.h"

#include "base/json.h"
#include "base/text.h"

enum { NUMBER_BYTES = 24 };

void mt_web_key(struct mt_out *o, const char *key)
{
    if (key[0] == ',')
        mt_out_char(o, *key++);
    mt_out_char(o, '"');
    mt_out_str(o, key);
    mt_out_str(o, "\":");
}

void mt_web_span(struct mt_out *o, const char *key, struct mt_span text)
{
    mt_web_key(o, key);
    mt_json_string(o, text);
}

void mt_web_text(struct mt_out *o, const char *key, const char *text)
{
    mt_web_span(o, key, mt_span_str(text));
}

void mt_web_number(struct mt_out *o, const char *key, int64_t v)
{
    mt_web_key(o, key);
    mt_put_signed(mt_out_room(o, NUMBER_BYTES), v);
}

void mt_web_count(struct mt_out *o, const char *key, uint64_t v)
{
    mt_web_key(o, key);
    mt_put_decimal(mt_out_room(o, NUMBER_BYTES), v);
}

void mt_web_flag(struct mt_out *o, const char *key, bool is)
{
    mt_web_key(o, key);
    mt_out_str(o, is ? "true" : "false");
}

void mt_web_null(struct mt_out *o, const char *key)
{
    mt_web_key(o, key);
    mt_out_str(o, "null");
}

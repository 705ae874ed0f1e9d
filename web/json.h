/* json.h - members of an object: a key that begins with a comma has one before
 * it. */
#ifndef MT_WEB_JSON_H
#define MT_WEB_JSON_H

#include <stdbool.h>

#include "base/out.h"

void mt_web_key(struct mt_out *o, const char *key);
void mt_web_text(struct mt_out *o, const char *key, const char *text);
void mt_web_span(struct mt_out *o, const char *key, struct mt_span text);
void mt_web_number(struct mt_out *o, const char *key, int64_t v);
void mt_web_count(struct mt_out *o, const char *key, uint64_t v);
void mt_web_flag(struct mt_out *o, const char *key, bool is);
void mt_web_null(struct mt_out *o, const char *key);

#endif

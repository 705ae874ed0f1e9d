#include "tui/screen.h"

#include <stdlib.h>
#include <string.h>

const struct mt_screen_class *const mt_screen_classes[MT_SCREEN_COUNT] = {
    [MT_SCREEN_SERVICES] = &mt_screen_class_services,
    [MT_SCREEN_ROUTES] = &mt_screen_class_routes,
    [MT_SCREEN_TOPOLOGY] = &mt_screen_class_topology,
    [MT_SCREEN_TAIL] = &mt_screen_class_tail,
    [MT_SCREEN_POLICY] = &mt_screen_class_policy,
    [MT_SCREEN_CAPTURE] = &mt_screen_class_capture,
    [MT_SCREEN_DETAIL] = &mt_screen_class_detail,
    [MT_SCREEN_ENDPOINTS] = &mt_screen_class_endpoints,
};

bool mt_lines_reserve(struct mt_lines *lines, size_t max)
{
    struct mt_line *list =
        max > 0 ? reallocarray(lines->list, max, sizeof *list) : lines->list;
    lines->count = lines->hidden = 0;
    if (max > 0 && list == NULL)
        return false;
    lines->list = list;
    lines->max = max;
    return true;
}

uint64_t mt_key_add(uint64_t key, const void *bytes, size_t n)
{
    const uint8_t *p = bytes;
    for (size_t i = 0; i < n; i++)
        key = (key ^ p[i]) * UINT64_C(0x100000001b3);
    return key;
}

uint64_t mt_key_add_text(uint64_t key, const char *text)
{
    return mt_key_add(key, text, strlen(text) + 1);
}

static bool is_bare(const char *value)
{
    for (const char *p = value; *p != '\0'; p++)
        if (!(*p >= 'a' && *p <= 'z') && !(*p >= 'A' && *p <= 'Z') &&
            !(*p >= '0' && *p <= '9') && strchr("._-/", *p) == NULL)
            return false;
    return true;
}

void mt_put_term(struct mt_buf *out, const char *field, const char *value)
{
    bool bare = is_bare(value);
    if (value[0] == '\0')
        return;
    if (out->len > 0)
        mt_put_char(out, '\n');
    mt_put_str(out, field);
    mt_put_str(out, bare ? "=" : "=\"");
    for (; *value != '\0'; value++) {
        if (*value == '"' || *value == '\\')
            mt_put_char(out, '\\');
        mt_put_char(out, *value);
    }
    if (!bare)
        mt_put_char(out, '"');
}

/* ---- what values mean ---- */

#define STALLED_NS INT64_C(1000000000) /* as in the order of services */

static unsigned role_of_outcome(const struct mt_exchange *x)
{
    return x->outcome == MT_OUTCOME_FAILURE        ? MT_ROLE_BAD
           : x->outcome == MT_OUTCOME_CLIENT_ERROR ? MT_ROLE_WARN
                                                   : MT_ROLE_PLAIN;
}

static bool ends_with(struct mt_span text, struct mt_span end)
{
    if (text.len < end.len)
        return false;
    (void)mt_span_take(&text, text.len - end.len);
    return mt_span_eq(text, end);
}

/* "closed", "1 of 3 open", "proxy ended" */
static unsigned role_of_breaker(struct mt_span text)
{
    if (mt_span_starts(text, MT_SPAN("proxy ")))
        return MT_ROLE_DIM;
    return ends_with(text, MT_SPAN("closed")) ? MT_ROLE_PLAIN
           : ends_with(text, MT_SPAN("open")) ? MT_ROLE_BAD
                                              : MT_ROLE_WARN;
}

static unsigned role_of_key(const char *key, const struct mt_value *v)
{
    if (strcmp(key, "breaker") == 0)
        return role_of_breaker(v->text);
    if (strcmp(key, "budget") == 0)
        return mt_span_eq(v->text, MT_SPAN("spent")) ? MT_ROLE_WARN
                                                     : MT_ROLE_PLAIN;
    if (strcmp(key, "success_ratio") == 0)
        return v->number < 0.90   ? MT_ROLE_BAD
               : v->number < 0.95 ? MT_ROLE_WARN
                                  : MT_ROLE_PLAIN;
    if (strcmp(key, "open_oldest_ns") == 0)
        return v->whole >= STALLED_NS ? MT_ROLE_WARN : MT_ROLE_PLAIN;
    if (strcmp(key, "protocol") == 0 || strcmp(key, "notes") == 0 ||
        strcmp(key, "id") == 0)
        return MT_ROLE_DIM;
    return MT_ROLE_PLAIN;
}

static bool is_zero(const struct mt_value *v)
{
    bool real = v->unit == MT_UNIT_RATE || v->unit == MT_UNIT_RATIO ||
                v->unit == MT_UNIT_BYTE_RATE;
    return real ? v->number == 0.0 : v->unit != MT_UNIT_TEXT && v->whole == 0;
}

unsigned mt_role_of_value(const struct mt_screen *screen, size_t column,
                          const void *row, const struct mt_value *v)
{
    const char *key = screen->columns[column].key;
    if (!v->known)
        return MT_ROLE_DIM;
    if (screen == &mt_screen_exchanges &&
        (strcmp(key, "status") == 0 || strcmp(key, "outcome") == 0))
        return role_of_outcome(row);
    unsigned role = role_of_key(key, v);
    if (role == MT_ROLE_PLAIN && v->inferred)
        return MT_ROLE_INFERRED;
    if (role == MT_ROLE_PLAIN && is_zero(v))
        return MT_ROLE_DIM;
    return role;
}

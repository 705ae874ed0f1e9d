#include "tui/cell.h"

#include <string.h>

#include "base/text.h"

/* Columns by their key; numbers select what is at least as large. */
static const struct {
    const char *key, *field;
} fields[] = {{"service", "svc"},
              {"server", "svc"},
              {"client", "client_service"},
              {"protocol", "proto"},
              {"method", "method"},
              {"route", "route"},
              {"host", "host"},
              {"path", "path"},
              {"outcome", "outcome"},
              {"id", "id"},
              {"latency_ns", "lat"},
              {"response_body_bytes", "size"}};

static const char *field_of(const char *key)
{
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++)
        if (strcmp(fields[i].key, key) == 0)
            return fields[i].field;
    return NULL;
}

/* What is shown there: gRPC's own status, where it has one. */
static bool put_status(const struct mt_exchange *x, struct mt_buf *out)
{
    bool grpc = x->grpc_status >= 0;
    if (!grpc && x->status == 0)
        return false;
    mt_put_str(out, grpc ? "grpc=" : "status=");
    if (grpc)
        mt_put_signed(out, x->grpc_status);
    else
        mt_put_decimal(out, x->status);
    return true;
}

static void put_number(const char *field, const struct mt_value *v,
                       struct mt_buf *out)
{
    mt_put_str(out, field);
    mt_put_str(out, v->unit == MT_UNIT_ID ? "=" : ">=");
    mt_put_signed(out, v->whole);
    if (v->unit == MT_UNIT_DURATION)
        mt_put_str(out, "ns");
}

bool mt_cell_term(const struct mt_screen *screen, size_t column,
                  const void *row, struct mt_buf *out)
{
    uint8_t bytes[4096];
    char text[MT_FILTER_TEXT_MAX];
    struct mt_buf scratch = mt_buf_of(bytes, sizeof bytes);
    const char *key = screen->columns[column].key;
    if (screen == &mt_screen_exchanges && strcmp(key, "status") == 0)
        return put_status(row, out);
    const char *field = field_of(key);
    struct mt_value v = screen->columns[column].get(row, &scratch);
    if (field == NULL || !v.known)
        return false;
    if (v.unit != MT_UNIT_TEXT) {
        put_number(field, &v, out);
        return true;
    }
    if (v.text.len == 0 || v.text.len >= sizeof text)
        return false;
    memcpy(text, v.text.ptr, v.text.len);
    text[v.text.len] = '\0';
    mt_put_term(out, field, text);
    return true;
}

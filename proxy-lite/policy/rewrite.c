#include "proxy-lite/policy/rewrite.h"

static struct mt_span without_last_slash(struct mt_span s)
{
    if (s.len > 0 && s.ptr[s.len - 1] == '/')
        s.len--;
    return s;
}

static void replace_prefix(struct mt_span by, const struct mt_policy_match *m,
                           struct mt_span path, struct mt_buf *out)
{
    bool prefix = m->path_how == MT_PATH_PREFIX || m->path_how == MT_PATH_ANY;
    if (!prefix || !mt_span_starts(path, m->path)) {
        mt_put_span(out, path);
        return;
    }
    (void)mt_span_take(&path, m->path.len);
    struct mt_span head = path.len > 0 ? without_last_slash(by) : by;
    mt_put_span(out, head);
    mt_put_span(out, path);
    if (head.len + path.len == 0)
        mt_put_char(out, '/');
}

void mt_rewrite_path(const struct mt_policy_rewrite *w,
                     const struct mt_policy_match *match, struct mt_span path,
                     struct mt_buf *out)
{
    if (w->path_how == MT_PATH_REPLACE_ALL)
        mt_put_span(out, w->path);
    else if (w->path_how == MT_PATH_REPLACE_PREFIX)
        replace_prefix(w->path, match, path, out);
    else
        mt_put_span(out, path);
}

static uint16_t well_known(struct mt_span scheme)
{
    return mt_span_eq(scheme, MT_SPAN("https")) ? 443 : 80;
}

static uint16_t location_port(const struct mt_policy_redirect *d,
                              const struct mt_policy_request *r)
{
    if (d->port != 0)
        return d->port;
    return d->scheme.len > 0 ? well_known(d->scheme) : r->port;
}

void mt_redirect_location(const struct mt_policy_redirect *d,
                          const struct mt_policy_match *match,
                          const struct mt_policy_request *r, struct mt_buf *out)
{
    struct mt_span scheme = d->scheme.len > 0 ? d->scheme : r->scheme;
    uint16_t port = location_port(d, r);
    mt_put_span(out, scheme);
    mt_put_str(out, "://");
    mt_put_span(out, d->to.host.len > 0 ? d->to.host : r->host);
    if (port != 0 && port != well_known(scheme)) {
        mt_put_char(out, ':');
        mt_put_decimal(out, port);
    }
    mt_rewrite_path(&d->to, match, r->path, out);
    if (r->query.len > 0) {
        mt_put_char(out, '?');
        mt_put_span(out, r->query);
    }
}

bool mt_edits_drop(const struct mt_policy_edits *edits, struct mt_span name)
{
    for (uint32_t i = 0; i < edits->remove_count; i++)
        if (mt_span_caseeq(name, edits->remove[i]))
            return true;
    for (uint32_t i = 0; i < edits->set_count; i++)
        if (mt_span_caseeq(name, edits->set[i].name))
            return true;
    return false;
}

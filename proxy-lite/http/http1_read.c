#include "proxy-lite/http/http1_read.h"

#include "proxy-lite/http/target.h"

void mt_http1_reader_init(struct mt_http1_reader *r, enum mt_http1_side side,
                          struct mt_pool *pool)
{
    *r = (struct mt_http1_reader){.failed = 0};
    mt_http1_init(&r->parser, side, &mt_http1_strict, pool);
    mt_head_init(&r->head, pool, MT_HEAD_ROOM_BYTES);
}

static void drop_trailers(struct mt_http1_reader *r)
{
    if (r->trailers == NULL)
        return;
    mt_head_deinit(r->trailers);
    mt_pool_free(r->head.arena.pool, r->trailers, sizeof *r->trailers);
    r->trailers = NULL;
}

void mt_http1_reader_deinit(struct mt_http1_reader *r)
{
    mt_http1_deinit(&r->parser);
    mt_head_deinit(&r->head);
    drop_trailers(r);
}

void mt_http1_reader_answers(struct mt_http1_reader *r, struct mt_span method)
{
    enum mt_http1_answers what = MT_HTTP1_TO_ANY;
    if (mt_span_eq(method, MT_SPAN("HEAD")))
        what = MT_HTTP1_TO_HEAD;
    if (mt_span_eq(method, MT_SPAN("CONNECT")))
        what = MT_HTTP1_TO_CONNECT;
    mt_http1_answers(&r->parser, what);
}

/* ---- refusals ---- */

static int refuse(struct mt_http1_reader *r, int rc, uint16_t status,
                  const char *why)
{
    r->failed = (int8_t)rc;
    r->refusal = (struct mt_http1_refusal){.status = status, .why = why};
    return rc;
}

/* The lowest anomaly's word: where there are several, one is enough. */
static const char *word_of(uint32_t anomalies)
{
    for (unsigned bit = 0; bit < MT_ANOMALY_BIT_COUNT; bit++)
        if ((anomalies & mt_http1_strict.fatal & 1u << bit) != 0)
            return mt_anomaly_text(bit);
    return "malformed";
}

static int refuse_by_parser(struct mt_http1_reader *r, int rc)
{
    uint32_t bad = r->parser.anomalies;
    bool start_line = r->parser.header_bytes == 0;
    if (rc == MT_ELIMIT)
        return refuse(r, rc, start_line ? 414 : 431, "too_long");
    if ((bad & MT_ANOMALY_BAD_VERSION) != 0)
        return refuse(r, rc, 505, word_of(MT_ANOMALY_BAD_VERSION));
    /* RFC 9112 section 6.1: a coding that is not understood. With a length it
     * is an attempt to smuggle. */
    if ((bad & MT_ANOMALY_BAD_TE) != 0 && (bad & MT_ANOMALY_TE_AND_CL) == 0 &&
        r->parser.minor > 0)
        return refuse(r, rc, 501, word_of(MT_ANOMALY_BAD_TE));
    return refuse(r, rc, 400, word_of(bad));
}

/* ---- a head ---- */

/* RFC 9112 section 3.2.1: an empty path is sent on as "/". */
static bool put_slash(struct mt_arena *arena, struct mt_span *path)
{
    if (path->len == 0 || path->ptr[0] != '?')
        return true;
    uint8_t *bytes = mt_arena_alloc(arena, path->len + 1);
    if (bytes == NULL)
        return false;
    bytes[0] = '/';
    memcpy(bytes + 1, path->ptr, path->len);
    *path = (struct mt_span){bytes, path->len + 1};
    return true;
}

static bool read_request(struct mt_http1_reader *r,
                         const struct mt_http1_event *ev)
{
    struct mt_head *h = &r->head;
    struct mt_span target;
    struct mt_target t;
    if (!mt_arena_copy(&h->arena, ev->request.method, &h->method) ||
        !mt_arena_copy(&h->arena, ev->request.target, &target)) {
        (void)refuse(r, MT_ELIMIT, 414, "too_long");
        return false;
    }
    if (!mt_target_split(h->method, target, &t) ||
        !put_slash(&h->arena, &t.path) ||
        mt_path_normal(&h->arena, t.path, &h->path) == MT_PATH_BAD) {
        (void)refuse(r, MT_EPROTO, 400, "bad_target");
        return false;
    }
    h->scheme = t.scheme;
    h->authority = t.authority;
    return true;
}

/* RFC 9112 section 3.2.2: the target's authority wins. */
static bool read_host(struct mt_http1_reader *r, struct mt_span value)
{
    struct mt_head *h = &r->head;
    if (value.len == 0)
        return true; /* RFC 9110 section 7.2: of a target without authority */
    if (!mt_authority_ok(value)) {
        (void)refuse(r, MT_EPROTO, 400, "bad_host");
        return false;
    }
    if (h->authority.len > 0)
        return true;
    if (mt_arena_copy(&h->arena, value, &h->authority))
        return true;
    (void)refuse(r, MT_ELIMIT, 431, "too_long");
    return false;
}

static bool read_field(struct mt_http1_reader *r, struct mt_head *h,
                       const struct mt_http1_event *ev)
{
    bool request = r->parser.side == MT_HTTP1_REQUESTS;
    if (ev->kind == MT_HTTP1_FIELD && ev->field.id == MT_HTTP1_HOST && request)
        return read_host(r, ev->field.value);
    if (mt_head_add(h, ev->field.name, ev->field.value))
        return true;
    (void)refuse(r, MT_ELIMIT, 431, "too_long");
    return false;
}

static bool read_trailer(struct mt_http1_reader *r,
                         const struct mt_http1_event *ev)
{
    struct mt_pool *pool = r->head.arena.pool;
    if (r->trailers == NULL) {
        r->trailers = mt_pool_alloc(pool, sizeof *r->trailers);
        if (r->trailers == NULL) {
            (void)refuse(r, MT_ELIMIT, 431, "too_long");
            return false;
        }
        mt_head_init(r->trailers, pool, MT_HEAD_ROOM_BYTES);
    }
    return read_field(r, r->trailers, ev);
}

/* chunked alone is understood (RFC 9112 section 6.1): another coding would be
 * taken off as a field of this hop, and stay in the body. */
static bool codings_ok(const struct mt_head *h)
{
    for (uint32_t i = 0;
         mt_head_has(h, MT_HEAD_TRANSFER_ENCODING) && i < h->count; i++)
        if (h->ids[i] == MT_HEAD_TRANSFER_ENCODING &&
            !mt_span_caseeq(h->fields[i].value, MT_SPAN("chunked")))
            return false;
    return true;
}

/* False: refused. */
static bool check_head(struct mt_http1_reader *r, enum mt_http1_framing framing)
{
    bool body = framing == MT_HTTP1_LENGTH || framing == MT_HTTP1_CHUNKED;
    if (!codings_ok(&r->head)) {
        (void)refuse(r, MT_EPROTO, 501, word_of(MT_ANOMALY_BAD_TE));
        return false;
    }
    /* RFC 9110 section 9.3.6: it has none, and servers do not look for it */
    if (r->parser.connect && body && r->parser.side == MT_HTTP1_REQUESTS) {
        (void)refuse(r, MT_EPROTO, 400, "connect_body");
        return false;
    }
    return true;
}

static void end_head(struct mt_http1_reader *r, const struct mt_http1_event *ev,
                     struct mt_http1_part *part)
{
    static const uint8_t versions[] = {MT_HTTP_1_0, MT_HTTP_1_1};
    enum mt_http1_framing framing = ev->headers.framing;
    r->head.version = versions[r->parser.minor > 0];
    r->head.wire_bytes = ev->headers.header_bytes;
    if (framing == MT_HTTP1_LENGTH)
        r->head.length = (int64_t)ev->headers.length;
    *part = (struct mt_http1_part){
        .kind = MT_PART_HEAD,
        .no_body = framing == MT_HTTP1_NO_BODY || framing == MT_HTTP1_TUNNEL,
        .keep_alive =
            ev->headers.keep_alive && framing != MT_HTTP1_UNTIL_CLOSE};
}

/* Returns whether the event is told as a part, or false: go on, or failed. */
static bool take(struct mt_http1_reader *r, const struct mt_http1_event *ev,
                 struct mt_http1_part *part)
{
    switch (ev->kind) {
    case MT_HTTP1_REQUEST:
        (void)read_request(r, ev);
        return false;
    case MT_HTTP1_STATUS:
        r->head.status = ev->status.code;
        return false;
    case MT_HTTP1_FIELD:
        (void)read_field(r, &r->head, ev);
        return false;
    case MT_HTTP1_TRAILER:
        (void)read_trailer(r, ev);
        return false;
    case MT_HTTP1_HEADERS:
        if (!check_head(r, ev->headers.framing))
            return false;
        end_head(r, ev, part);
        return true;
    case MT_HTTP1_BODY:
        *part = (struct mt_http1_part){.kind = MT_PART_BODY, .body = ev->body};
        return true;
    case MT_HTTP1_END:
        *part = (struct mt_http1_part){.kind = MT_PART_END,
                                       .tunnel = ev->end.tunnel};
        r->clear = true;
        return true;
    case MT_HTTP1_CHUNK: /* framed anew on the other side */
    default:
        return false;
    }
}

void mt_http1_reader_forget(struct mt_http1_reader *r)
{
    if (!r->clear)
        return;
    mt_head_reset(&r->head);
    drop_trailers(r);
    r->clear = false;
}

int mt_http1_read(struct mt_http1_reader *r, struct mt_span *in,
                  struct mt_http1_part *part)
{
    struct mt_http1_event ev;
    int rc = MT_EVENT;
    mt_http1_reader_forget(r);
    while (r->failed == 0 &&
           (rc = mt_http1_next(&r->parser, in, &ev)) == MT_EVENT)
        if (take(r, &ev, part))
            return MT_EVENT;
    if (r->failed != 0)
        return r->failed;
    return rc < 0 ? refuse_by_parser(r, rc) : rc;
}

int mt_http1_read_eof(struct mt_http1_reader *r, struct mt_http1_part *part)
{
    struct mt_http1_event ev;
    mt_http1_reader_forget(r);
    if (r->failed != 0)
        return r->failed;
    int rc = mt_http1_eof(&r->parser, &ev);
    if (rc == MT_EVENT)
        (void)take(r, &ev, part);
    return rc < 0 ? refuse(r, rc, 400, "cut_short") : rc;
}

#include "tui/known.h"

#include <stdlib.h>
#include <string.h>

/* ---- exchanges ---- */

/* What is compared to find the slowest: an exchange without an answer lasted
 * until it was given up. */
static int64_t lasted(const struct mt_exchange *x)
{
    int64_t latency = mt_exchange_latency_ns(x);
    if (latency >= 0)
        return latency;
    return mt_elapsed_ns(x->req.start_ns, x->end_ns);
}

static void drop(struct mt_kept *k)
{
    mt_codec_scratch_deinit(&k->scratch);
    free(k->bytes);
    *k = (struct mt_kept){0};
}

static bool keep(struct mt_kept *k, const struct mt_exchange *x)
{
    size_t room = mt_exchange_encoded_max(x);
    *k = (struct mt_kept){.lasted_ns = lasted(x), .bytes = malloc(room)};
    if (k->bytes == NULL)
        return false;
    size_t len = mt_exchange_encode(x, k->bytes, room);
    if (mt_exchange_decode((struct mt_span){k->bytes, len}, &k->x,
                           &k->scratch) == 0)
        return true;
    drop(k);
    return false;
}

/* A list shows neither header fields nor packets. */
static bool keep_row(struct mt_kept *k, const struct mt_exchange *x)
{
    struct mt_exchange lean = *x;
    lean.req_fields = lean.resp_fields = lean.attrs = (struct mt_fields){0};
    lean.packets_count = 0;
    return keep(k, &lean);
}

/* kept[0] is the least of the slowest: a heap. x->tls points into the scratch
 * of its own row, so rows move by swapping and are decoded anew at the end. */
static void swap(struct mt_kept *a, struct mt_kept *b)
{
    struct mt_kept t = *a;
    *a = *b;
    *b = t;
}

static void sift_up(struct mt_kept *heap, size_t i)
{
    for (; i > 0 && heap[i].lasted_ns < heap[(i - 1) / 2].lasted_ns;
         i = (i - 1) / 2)
        swap(&heap[i], &heap[(i - 1) / 2]);
}

static void sift_down(struct mt_kept *heap, size_t count)
{
    for (size_t i = 0;;) {
        size_t least = i;
        for (size_t child = 2 * i + 1; child <= 2 * i + 2; child++)
            if (child < count && heap[child].lasted_ns < heap[least].lasted_ns)
                least = child;
        if (least == i)
            return;
        swap(&heap[i], &heap[least]);
        i = least;
    }
}

static bool add_slowest(struct mt_snapshot *a, const struct mt_exchange *x)
{
    struct mt_kept *heap = a->exchanges;
    if (a->exchanges_count < MT_SNAPSHOT_EXCHANGES) {
        if (!keep_row(&heap[a->exchanges_count], x))
            return false;
        sift_up(heap, a->exchanges_count++);
        return true;
    }
    if (lasted(x) <= heap[0].lasted_ns)
        return true;
    drop(&heap[0]);
    bool kept = keep_row(&heap[0], x);
    sift_down(heap, a->exchanges_count);
    return kept;
}

static bool add_newest(struct mt_snapshot *a, const struct mt_exchange *x)
{
    return keep_row(&a->exchanges[a->exchanges_count++], x);
}

static int by_lasted(const void *left, const void *right)
{
    const struct mt_kept *a = left, *b = right;
    if (a->lasted_ns != b->lasted_ns)
        return a->lasted_ns > b->lasted_ns ? -1 : 1;
    return a->x.id < b->x.id ? -1 : a->x.id > b->x.id;
}

static int by_id(const void *left, const void *right)
{
    const struct mt_kept *a = left, *b = right;
    return a->x.id < b->x.id ? -1 : a->x.id > b->x.id;
}

/* Rows were moved: what points into a row points into where it was. */
static void settle(struct mt_snapshot *a, bool slowest)
{
    if (a->exchanges_count > 0)
        qsort(a->exchanges, a->exchanges_count, sizeof *a->exchanges,
              slowest ? by_lasted : by_id);
    for (size_t i = 0; i < a->exchanges_count; i++)
        if (a->exchanges[i].x.tls != NULL)
            a->exchanges[i].x.tls = &a->exchanges[i].scratch.tls;
}

static int read_exchanges(struct mt_snapshot *a, struct mt_store *s,
                          const struct mt_ask *ask)
{
    bool slowest = a->request.topic == MT_TOPIC_SLOWEST;
    struct mt_scan scan = {.ask = *ask, .order = MT_NEWEST_FIRST};
    struct mt_rows *rows;
    const struct mt_exchange *x;
    a->exchanges = calloc(MT_SNAPSHOT_EXCHANGES, sizeof *a->exchanges);
    if (a->exchanges == NULL)
        return MT_STORE_ENOMEM;
    int rc = mt_query_exchanges(s, &scan, &rows);
    if (rc != 0)
        return rc;
    while ((rc = mt_rows_next(rows, &x)) == 1) {
        a->exchanges_seen++;
        if (!slowest && a->exchanges_count == MT_SNAPSHOT_EXCHANGES)
            break; /* there are more */
        if (!(slowest ? add_slowest(a, x) : add_newest(a, x))) {
            rc = MT_STORE_ENOMEM;
            break;
        }
    }
    a->complete = rc != MT_STORE_EINTERRUPTED;
    mt_rows_free(rows);
    settle(a, slowest);
    return rc > 0 || rc == MT_STORE_EINTERRUPTED ? 0 : rc;
}

static int each_lost(void *arg, const struct mt_lost *lost)
{
    struct mt_snapshot *a = arg;
    bool all = a->exchanges_count < MT_SNAPSHOT_EXCHANGES;
    if (!all && lost->before_id <= a->exchanges[0].x.id)
        return 1;
    a->lost[a->lost_count++] = *lost;
    return a->lost_count == MT_SNAPSHOT_LOST;
}

/* Between the newest exchanges, the oldest of which is the first. */
static int read_lost(struct mt_snapshot *a, struct mt_store *s,
                     const struct mt_ask *ask)
{
    const struct mt_lost_scan scan = {
        .from_ns = ask->from_ns, .to_ns = ask->to_ns, .order = MT_NEWEST_FIRST};
    int rc = mt_query_lost(s, &scan, each_lost, a);
    return rc < 0 ? rc : 0;
}

static int read_exchange(struct mt_snapshot *a, struct mt_store *s)
{
    struct mt_rows *rows;
    const struct mt_exchange *x;
    a->exchanges = calloc(1, sizeof *a->exchanges);
    if (a->exchanges == NULL)
        return MT_STORE_ENOMEM;
    int rc = mt_query_exchange(s, a->request.id, &rows, &x);
    if (rc == 0) {
        a->exchanges_count = keep(&a->exchanges[0], x);
        rc = a->exchanges_count == 1 ? 0 : MT_STORE_ENOMEM;
        mt_rows_free(rows);
    }
    if (rc != 0 || a->request.brief)
        return rc;
    rc = mt_query_attempts(s, &a->exchanges[0].x, &a->attempts);
    if (rc == 0)
        rc = mt_query_trace(s, &a->exchanges[0].x, &a->trace);
    return rc;
}

/* ---- the rest ---- */

static int each_source(void *arg, const struct mt_source_row *row)
{
    struct mt_snapshot *a = arg;
    a->sources_seen++;
    if (a->sources_count == MT_SNAPSHOT_SOURCES)
        return 0;
    struct mt_source_kept *k = &a->sources[a->sources_count];
    k->path = strdup(row->path);
    if (k->path == NULL)
        return MT_STORE_ENOMEM;
    a->sources_count++;
    k->size_bytes = row->size_bytes;
    k->packets = row->packets;
    k->first_ns = row->first_ns;
    k->last_ns = row->last_ns;
    return 0;
}

static int read_sources(struct mt_snapshot *a, struct mt_store *s)
{
    a->sources = calloc(MT_SNAPSHOT_SOURCES, sizeof *a->sources);
    if (a->sources == NULL)
        return MT_STORE_ENOMEM;
    return mt_query_sources(s, each_source, a);
}

/* A trend is of all requests: beside a filter's numbers it would mislead. */
static int read_services(struct mt_snapshot *a, struct mt_store *s,
                         const struct mt_ask *ask)
{
    int rc = mt_query_services(s, ask, &a->rows);
    if (rc == 0 && ask->filter == NULL)
        rc = mt_query_trends(s, ask->to_ns, &a->trends);
    return rc;
}

static int read_topic(struct mt_snapshot *a, struct mt_store *s,
                      struct mt_ask *ask)
{
    switch (a->request.topic) {
    case MT_TOPIC_SERVICES:
        return read_services(a, s, ask);
    case MT_TOPIC_ROUTES:
        ask->by_method = true;
        return mt_query_routes(s, ask, &a->rows);
    case MT_TOPIC_EDGES:
        return mt_query_edges(s, ask, &a->rows);
    case MT_TOPIC_POLICY:
        return mt_query_policy(s, ask, a->request.wall_ns, &a->rows,
                               &a->proxies);
    case MT_TOPIC_NEWEST: {
        int rc = read_exchanges(a, s, ask);
        return rc == 0 ? read_lost(a, s, ask) : rc;
    }
    case MT_TOPIC_SLOWEST:
        return read_exchanges(a, s, ask);
    case MT_TOPIC_EXCHANGE:
        return read_exchange(a, s);
    case MT_TOPIC_CAPTURE:
        return read_sources(a, s);
    default:
        return 0;
    }
}

static int read_names(struct mt_snapshot *a, struct mt_store *s)
{
    a->names = calloc(1, sizeof *a->names);
    return a->names != NULL ? mt_known_ask(a->names, s, a->request.wall_ns)
                            : MT_STORE_ENOMEM;
}

static bool is_empty(const struct mt_snapshot *a)
{
    return a->rows.count == 0 && a->exchanges_count == 0 &&
           a->lost_count == 0 && a->request.topic < MT_TOPIC_EXCHANGE;
}

/* "The filter hides 40 of 266": how many there are without it. */
static int count_hidden(struct mt_snapshot *a, struct mt_store *s,
                        struct mt_ask ask)
{
    struct mt_answer all = {0};
    ask.filter = NULL;
    ask.counts = true;
    int rc = mt_query_services(s, &ask, &all);
    if (rc == 0)
        a->unfiltered = all.total.counts.exchanges;
    mt_answer_free(&all);
    return rc;
}

/* What golden metrics leave out is told. */
static int count_all(struct mt_snapshot *a, struct mt_store *s,
                     struct mt_ask ask)
{
    struct mt_answer all = {0};
    ask.attempts = ask.counts = true;
    int rc = mt_query_edges(s, &ask, &all);
    if (rc == 0)
        a->all = all.total.counts.exchanges;
    mt_answer_free(&all);
    return rc;
}

static int read_header(struct mt_snapshot *a, struct mt_store *s,
                       struct mt_ask ask)
{
    enum { BUCKETS = 60 };
    int64_t second = 1000000000;
    int64_t bucket = (ask.to_ns - ask.from_ns) / BUCKETS / second * second;
    ask.filter = NULL;
    int rc = mt_query_summary(s, &ask, &a->summary);
    a->entry = a->summary.total;
    ask.entry = ask.counts = true;
    if (rc == 0)
        rc = mt_query_series(s, &ask, bucket < second ? second : bucket,
                             &a->series);
    if (rc == 0)
        rc = mt_query_losses(s, a->losses);
    if (rc == 0)
        rc = mt_query_info(s, &a->info);
    return rc;
}

static int find_window(struct mt_store *s, const struct mt_request *r,
                       struct mt_ask *ask)
{
    struct mt_window_spec spec = {
        .until_ns = r->end_ns, .last_ns = r->span_ns, .wall_ns = r->wall_ns};
    return mt_query_window(s, &spec, &ask->from_ns, &ask->to_ns);
}

static int make_filter(const struct mt_request *r, int64_t now_ns,
                       struct mt_filter **filter)
{
    struct mt_filter_error why;
    struct mt_time_ref ref = {.now_ns = now_ns, .offset_s = r->offset_s};
    *filter = NULL;
    if (r->filter[0] == '\0')
        return 0;
    return mt_filter_new(filter, mt_span_str(r->filter), &ref, &why) == 0
               ? 0
               : MT_STORE_EFILTER;
}

int mt_request_ask(struct mt_store *s, const struct mt_request *request,
                   struct mt_ask *ask, struct mt_filter **filter)
{
    int64_t now_ns;
    bool live;
    *ask = (struct mt_ask){.filter = NULL};
    *filter = NULL;
    int rc = mt_query_now(s, request->wall_ns, &now_ns, &live);
    if (rc == 0)
        rc = find_window(s, request, ask);
    if (rc == 0)
        rc = make_filter(request, now_ns, filter);
    ask->filter = *filter;
    return rc;
}

static int answer(struct mt_snapshot *a, struct mt_store *s)
{
    struct mt_filter *filter = NULL;
    struct mt_ask ask = {.filter = NULL};
    int rc = mt_query_now(s, a->request.wall_ns, &a->now_ns, &a->live);
    if (rc == 0)
        rc = mt_request_ask(s, &a->request, &ask, &filter);
    a->from_ns = ask.from_ns;
    a->to_ns = ask.to_ns;
    if (rc == 0)
        rc = read_header(a, s, ask);
    if (rc == 0)
        rc = read_topic(a, s, &ask);
    if (a->request.topic <= MT_TOPIC_POLICY)
        a->complete = a->rows.coverage.complete;
    if (rc == 0 && filter != NULL &&
        (is_empty(a) || a->request.topic == MT_TOPIC_SERVICES))
        rc = count_hidden(a, s, ask);
    if (rc == 0 && filter == NULL && a->request.topic <= MT_TOPIC_EDGES)
        rc = count_all(a, s, ask);
    mt_filter_free(filter);
    if (rc == 0 && a->request.names && !a->request.brief)
        rc = read_names(a, s);
    return rc;
}

struct mt_snapshot *mt_snapshot_make(struct mt_store *s,
                                     const struct mt_request *request)
{
    struct mt_snapshot *a = calloc(1, sizeof *a);
    if (a == NULL)
        return NULL;
    a->request = *request;
    a->complete = true;
    a->rc = answer(a, s);
    return a;
}

void mt_snapshot_read(struct mt_snapshot *a, struct mt_store *s,
                      const struct mt_reader *reader,
                      const struct mt_patience *patience)
{
    if (a->request.topic != MT_TOPIC_EXCHANGE || a->rc != 0 ||
        a->exchanges_count == 0 || reader->ladder == NULL)
        return;
    a->ladder = calloc(1, sizeof *a->ladder);
    if (a->ladder == NULL)
        a->rc = MT_STORE_ENOMEM;
    else
        reader->ladder(reader->arg, s, &a->exchanges[0].x, patience, a->ladder);
}

void mt_snapshot_free(struct mt_snapshot *a)
{
    if (a == NULL)
        return;
    for (size_t i = 0; i < a->exchanges_count; i++)
        drop(&a->exchanges[i]);
    free(a->exchanges);
    mt_trace_free(&a->trace);
    free(a->ladder);
    free(a->names);
    for (size_t i = 0; i < a->sources_count; i++)
        free(a->sources[i].path);
    free(a->sources);
    mt_answer_free(&a->summary);
    mt_answer_free(&a->series);
    mt_answer_free(&a->rows);
    mt_proxies_free(&a->proxies);
    mt_trends_free(&a->trends);
    free(a);
}

int64_t mt_moments_ns(int64_t from_ns, int64_t to_ns)
{
    int64_t ns;
    if (to_ns <= from_ns)
        return 0;
    return __builtin_sub_overflow(to_ns, from_ns, &ns) ? INT64_MAX : ns;
}

uint64_t mt_snapshot_lost(const struct mt_snapshot *a)
{
    static const uint8_t events[] = {
        MT_LOSS_KERNEL,  MT_LOSS_INTERFACE, MT_LOSS_RING,   MT_LOSS_PARSER,
        MT_LOSS_EVICTED, MT_LOSS_STORE,     MT_LOSS_PACKETS};
    uint64_t sum = 0;
    for (size_t i = 0; i < sizeof events; i++)
        sum += a->losses[events[i]];
    return sum;
}

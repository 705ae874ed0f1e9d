/* golden/LIST: the screens as text, at many sizes, after any keys. */
#include "tests/store/some_attempts.h"

#include "capture/packet_ladder.h"
#include "tui/dashboard.h"

#define WALL_NS INT64_C(1795430000000000000)

struct row {
    char name[64], size[32], database[32], keys[256];
};

struct text {
    char bytes[1 << 18];
    size_t len;
};

static int collect(void *arg, struct mt_span bytes)
{
    struct text *t = arg;
    assert_true(t->len + bytes.len < sizeof t->bytes);
    memcpy(t->bytes + t->len, bytes.ptr, bytes.len);
    t->len += bytes.len;
    t->bytes[t->len] = '\0';
    return 0;
}

/* Sources are noted as they are named in tests/data. */
static int find_file(void *arg, const struct mt_source_row *row)
{
    static char path[512];
    struct mt_ladder_file *f = arg;
    (void)snprintf(path, sizeof path, MT_TEST_DATA "/%s", row->path);
    *f = (struct mt_ladder_file){.source = (uint16_t)row->id, .path = path};
    return 1;
}

static void read_ladder(void *arg, struct mt_store *s,
                        const struct mt_exchange *x,
                        const struct mt_patience *patience,
                        struct mt_ladder *out)
{
    struct mt_ladder_file file;
    const struct mt_ladder_options bounds = {patience->stop, patience->arg};
    (void)arg;
    if (mt_query_sources(s, find_file, &file) == 1)
        mt_packet_ladder_read(out, x, &file, 1, &bounds);
    else
        (void)snprintf(out->why, sizeof out->why, "none was noted");
}

static void answer(struct mt_dashboard *d, struct mt_store *s)
{
    static const struct mt_reader reader = {.ladder = read_ladder};
    struct mt_request request;
    if (!mt_dashboard_request(d, 0, WALL_NS, &request))
        return;
    struct mt_snapshot *a = mt_snapshot_make(s, &request);
    assert_non_null(a);
    mt_snapshot_read(a, s, &reader, &(struct mt_patience){NULL, NULL});
    (void)mt_dashboard_answer(d, a, 0);
}

static void press_all(struct mt_dashboard *d, struct mt_store *s,
                      struct mt_canvas *c, const char *keys)
{
    struct mt_span script = mt_span_str(keys);
    answer(d, s);
    mt_dashboard_draw(d, c, 0);
    while (script.len > 0) {
        (void)mt_dashboard_key(d, mt_key_take(&script));
        answer(d, s);
        mt_dashboard_draw(d, c, 0);
    }
}

static bool has_word(const char *size, const char *word)
{
    return strstr(size, word) != NULL;
}

static void draw(const struct row *row, struct text *shown)
{
    static const struct mt_store_options unbounded;
    char path[512], source[48];
    unsigned long columns = strtoul(row->size, NULL, 10);
    unsigned long rows = strtoul(strchr(row->size, 'x') + 1, NULL, 10);
    struct mt_store *s;
    struct mt_dashboard *d;
    struct mt_canvas c;
    struct mt_out out;
    (void)snprintf(path, sizeof path, MT_DATABASES "/%s.db", row->database);
    (void)snprintf(source, sizeof source, "%s.pcapng", row->database);
    if (mt_store_open(&s, path, &unbounded) != 0)
        fail_msg("%s is not there: run tests/tui/make-databases (ctest does)",
                 path);
    const struct mt_dashboard_config config = {
        .source = source,
        .ascii = has_word(row->size, "ascii"),
        .once = has_word(row->size, "once")};
    assert_int_equal(mt_dashboard_new(&d, &config), 0);
    assert_int_equal(mt_canvas_init(&c, columns, rows), 0);
    press_all(d, s, &c, row->keys);
    shown->len = 0;
    mt_out_init(&out, (struct mt_sink){collect, shown});
    mt_canvas_text(&c, mt_canvas_used(&c), has_word(row->size, "roles"), &out);
    assert_int_equal(mt_out_flush(&out), 0);
    mt_canvas_deinit(&c);
    mt_dashboard_free(d);
    mt_store_free(s);
}

static void write_golden(const char *path, const struct text *shown)
{
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    assert_int_equal(fwrite(shown->bytes, 1, shown->len, f), shown->len);
    assert_int_equal(fclose(f), 0);
}

static bool is_golden(const char *path, const struct text *shown)
{
    static struct text kept;
    FILE *f = fopen(path, "r");
    kept.len = f != NULL ? fread(kept.bytes, 1, sizeof kept.bytes, f) : 0;
    if (f != NULL)
        (void)fclose(f);
    if (kept.len == shown->len &&
        memcmp(kept.bytes, shown->bytes, kept.len) == 0)
        return true;
    print_error("%s differs; shown is:\n%.*s\n", path, (int)shown->len,
                shown->bytes);
    return false;
}

/* No capture holds what a proxy tells. */
static void make_proxied(void)
{
    (void)remove(MT_DATABASES "/proxied.db");
    struct mt_writer *w = writer_open(
        MT_DATABASES "/proxied.db",
        (struct mt_writer_options){.kind = MT_WRITER_PROXY, .now_ns = T0});
    proxy_retries(w);
    writer_close(w);
}

static void tell_endpoint(struct mt_writer *w, const char *place, uint8_t is,
                          const char *why)
{
    struct mt_endpoint_state e = {
        .service = "cart", .state = is, .latency_ns = 12 * MS, .conns = 4};
    (void)snprintf(e.endpoint, sizeof e.endpoint, "%s", place);
    (void)snprintf(e.reason, sizeof e.reason, "%s", why);
    e.until_ns = is == MT_ENDPOINT_OPEN ? WALL_NS + 9 * S : 0;
    e.running = is == MT_ENDPOINT_CLOSED ? 3 : 0;
    assert_int_equal(mt_writer_endpoint(w, &e), 0);
}

/* The same, and what the proxy is at; `ended`: it is over. */
static void make_state(const char *path, bool ended)
{
    (void)remove(path);
    struct mt_writer *w =
        writer_open(path, (struct mt_writer_options){.kind = MT_WRITER_PROXY,
                                                     .now_ns = T0});
    const struct mt_budget_state b = {.service = "cart",
                                      .percent = 20,
                                      .min_per_s = 10,
                                      .spent = 88,
                                      .allowed = 112};
    proxy_retries(w);
    tell_endpoint(w, "10.0.0.5:8080", MT_ENDPOINT_OPEN, "7 failures in a row");
    tell_endpoint(w, "10.0.0.6:8080", MT_ENDPOINT_CLOSED, "");
    tell_endpoint(w, "10.0.0.7:8080", MT_ENDPOINT_KEPT,
                  "9 failures in a row; at most 50 % may be out");
    assert_int_equal(mt_writer_budget(w, &b), 0);
    if (ended) {
        writer_close(w);
    } else {
        assert_int_equal(mt_writer_commit(w, WALL_NS), 0);
        mt_writer_abort(w);
    }
}

static void screens_are_as_they_were(void **state)
{
    static struct text shown;
    char line[512], path[512];
    int differ = 0, drawn = 0;
    FILE *list = fopen(MT_GOLDEN "/LIST", "r");
    (void)state;
    assert_non_null(list);
    make_proxied();
    make_state(MT_DATABASES "/state.db", false);
    make_state(MT_DATABASES "/state-ended.db", true);
    while (fgets(line, sizeof line, list) != NULL) {
        struct row row = {.keys = ""};
        if (line[0] == '#' || sscanf(line, "%63s %31s %31s %255s", row.name,
                                     row.size, row.database, row.keys) < 3)
            continue;
        draw(&row, &shown);
        (void)snprintf(path, sizeof path, MT_GOLDEN "/%s.txt", row.name);
        if (getenv("MT_UPDATE") != NULL)
            write_golden(path, &shown);
        else if (!is_golden(path, &shown))
            differ++;
        drawn++;
    }
    (void)fclose(list);
    assert_true(drawn > 0);
    if (differ > 0)
        fail_msg("%d of %d screens differ", differ, drawn);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(screens_are_as_they_were),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

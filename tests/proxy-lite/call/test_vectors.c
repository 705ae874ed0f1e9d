/* tests/data/http1-requests.tsv: what arrives at a service of what clients
 * send, however it is cut, and what they are told of what does not. */
#include "world.h"

static const char mesh[] =
    "listeners: [{name: e, address: \"127.0.0.1:1\"}]\n"
    "services: {s: {endpoints: [\"127.0.0.1:2\", \"127.0.0.1:3\"]}}\n"
    "routes: [{to: s}]\n";

enum { VECTORS_MAX = 400, LINE_BYTES = 2048 };

struct vector {
    char *name, *outcome, *bytes;
    size_t len;
};

static struct vector vectors[VECTORS_MAX];
static size_t vectors_count;

/* ---- the table ---- */

static size_t unescape(char *s)
{
    size_t n = 0;
    for (const char *p = s; *p != '\0'; p++) {
        if (*p != '\\') {
            s[n++] = *p;
            continue;
        }
        p++;
        if (*p == 'x') {
            char hex[3] = {p[1], p[2], '\0'};
            s[n++] = (char)strtoul(hex, NULL, 16);
            p += 2;
        } else {
            s[n++] = (char)(*p == 'r'   ? '\r'
                            : *p == 'n' ? '\n'
                            : *p == 't' ? '\t'
                            : *p == '0' ? '\0'
                                        : *p);
        }
    }
    return n;
}

static void read_table(void)
{
    char line[LINE_BYTES];
    FILE *file = fopen(MT_TEST_DATA "/http1-requests.tsv", "r");
    assert_non_null(file);
    while (fgets(line, sizeof line, file) != NULL) {
        if (line[0] == '#')
            continue;
        assert_true(vectors_count < VECTORS_MAX);
        struct vector *v = &vectors[vectors_count++];
        line[strcspn(line, "\n")] = '\0';
        char *field = strdup(line), *cells[4] = {NULL};
        for (unsigned i = 0; i < 4; i++)
            cells[i] = strsep(&field, "\t");
        assert_non_null(cells[3]);
        *v = (struct vector){
            .name = cells[0], .outcome = cells[2], .bytes = cells[3]};
        v->len = unescape(v->bytes);
    }
    (void)fclose(file);
}

/* ---- the service ---- */

static struct {
    struct mt_http1_reader reader;
    struct link *link;
    size_t read; /* of what the link got */
    size_t body;
    char text[1024]; /* what arrived */
    struct mt_buf b;
} service;

static void note_request(void)
{
    const struct mt_head *h = &service.reader.head;
    struct mt_buf *b = &service.b;
    mt_put_str(b, b->len > 0 ? "; " : "");
    mt_put_span(b, h->method);
    mt_put_str(b, " ");
    bool own = mt_span_eq(h->authority, MT_SPAN("127.0.0.1:1"));
    mt_put_span(b, own ? MT_SPAN("-") : h->authority);
    mt_put_str(b, " ");
    mt_put_span(b, h->path);
    mt_put_str(b, " ");
    mt_put_decimal(b, service.body);
}

/* Returns whether a request has ended. */
static bool service_reads(void)
{
    struct far_end *got = &world.last->got;
    struct mt_http1_part part;
    struct mt_span in = {(const uint8_t *)got->text + service.read,
                         got->len - service.read};
    int rc = MT_MORE;
    bool ended = false;
    while (!ended &&
           (rc = mt_http1_read(&service.reader, &in, &part)) == MT_EVENT) {
        if (part.kind == MT_PART_HEAD)
            service.body = 0;
        if (part.kind == MT_PART_BODY)
            service.body += part.body.len;
        ended = part.kind == MT_PART_END;
        if (ended)
            note_request();
    }
    assert_true(rc >= 0); /* what the proxy writes is never in doubt */
    service.read = got->len - in.len;
    return ended;
}

static void serve(void)
{
    for (;;) {
        if (world.last == NULL || !world.last->used)
            return;
        if (world.last->connecting)
            service_connects(true);
        if (world.last != service.link) {
            mt_http1_reader_deinit(&service.reader);
            mt_http1_reader_init(&service.reader, MT_HTTP1_REQUESTS,
                                 &world.pool);
            service.link = world.last;
            service.read = 0;
        }
        if (!service_reads())
            return;
        service_sends("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    }
}

/* ---- outcomes ---- */

/* The last answer, where it is the proxy's own. */
static void note_refusal(void)
{
    static const char field[] = "x-meshtop-reason: ";
    struct mt_buf *b = &service.b;
    char *last = world.got.text, *next;
    while ((next = strstr(last + 1, "HTTP/1.1 ")) != NULL)
        last = next;
    char *reason = strstr(last, field);
    if (reason == NULL)
        return;
    mt_put_str(b, b->len > 0 ? "; then " : "");
    mt_put_span(b, (struct mt_span){(const uint8_t *)last + 9, 3});
    mt_put_str(b, " ");
    reason += sizeof field - 1;
    mt_put_span(
        b, (struct mt_span){(const uint8_t *)reason, strcspn(reason, "\r")});
    if (strstr(reason, "header") != reason &&
        strstr(reason, "max_forwards") != reason && !world.got.closed)
        mt_put_str(b, ", and it goes on");
}

/* All that differ are shown in one run. */
static unsigned differences;

static void run(const struct vector *v, size_t step)
{
    world_begin(mesh);
    world.client.side.local = (struct mt_addr){
        .ip = {[10] = 0xff, [11] = 0xff, [12] = 127, [15] = 1}, .port = 1};
    memset(&service, 0, sizeof service);
    service.b = mt_buf_of(service.text, sizeof service.text - 1);
    mt_http1_reader_init(&service.reader, MT_HTTP1_REQUESTS, &world.pool);
    for (size_t i = 0; i < v->len; i += step) {
        size_t n = v->len - i < step ? v->len - i : step;
        w_feed(&world.client.side, v->bytes + i, n);
        serve();
    }
    note_refusal();
    service.text[service.b.len] = '\0';
    if (strcmp(service.text, v->outcome) != 0) {
        differences++;
        print_error("%s, %zu bytes at a time: '%s', not '%s'\n", v->name, step,
                    service.text, v->outcome);
    }
    assert_null(strstr(service.text, "smuggled"));
    mt_http1_reader_deinit(&service.reader);
    world_end();
}

static void whole(void **state)
{
    (void)state;
    for (size_t i = 0; i < vectors_count; i++)
        run(&vectors[i], vectors[i].len);
    assert_int_equal(differences, 0);
}

static void byte_by_byte(void **state)
{
    (void)state;
    for (size_t i = 0; i < vectors_count; i++)
        run(&vectors[i], 1);
    assert_int_equal(differences, 0);
}

static void in_sevens(void **state)
{
    (void)state;
    for (size_t i = 0; i < vectors_count; i++)
        run(&vectors[i], 7);
    assert_int_equal(differences, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(whole),
                                       cmocka_unit_test(byte_by_byte),
                                       cmocka_unit_test(in_sevens)};
    read_table();
    assert_true(vectors_count > 100);
    int rc = cmocka_run_group_tests(tests, NULL, NULL);
    for (size_t i = 0; i < vectors_count; i++)
        free(vectors[i].name);
    return rc;
}

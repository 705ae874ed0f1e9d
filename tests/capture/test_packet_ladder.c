/* The packets of an exchange, read again: what each of them is, wherever the
 * file is gone into, and what is told of a file that is not what it was. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define ZLIB_CONST
#include <zlib.h>

#include "build.h"
#include "capture/packet_ladder.h"
#include "ring_folder.h"

enum { RAW_IP = 101, SECOND = 1795000000, PACKETS_MAX = 256, MS = 1000000 };

#define T0 (INT64_C(1795000000) * 1000000000)

/* `len` bytes at `seq` from one side after `ms`; noted: the exchange's. */
struct row {
    unsigned ms;
    char from; /* 'c' or 's'; 'x': of another connection */
    uint32_t seq, len;
    uint8_t flags;
    bool noted;
    unsigned ip_id;
    const char *want; /* marks, as letters */
};

struct scene {
    struct folder folder;
    char path[512];
    struct bytes bytes;
    uint64_t refs[PACKETS_MAX];
    struct mt_exchange x;
    struct mt_ladder l;
};

static void put_packet(struct bytes *b, const struct row *r)
{
    static const uint8_t client[] = {10, 0, 0, 1}, server[] = {10, 0, 0, 2};
    bool up = r->from != 's';
    struct bytes p = {.big = true};
    put8(&p, 0x45);
    put8(&p, 0);
    put16(&p, 40 + r->len);
    put16(&p, r->ip_id);
    put_hex(&p, "40 00 40 06 00 00");
    put(&p, up ? client : server, 4);
    put(&p, up ? server : client, 4);
    put16(&p, up ? (r->from == 'x' ? 4001 : 4000) : 80);
    put16(&p, up ? 80 : 4000);
    put32(&p, r->seq);
    put32(&p, 1);
    put8(&p, 0x50);
    put8(&p, r->flags);
    put_hex(&p, "10 00 00 00 00 00");
    for (uint32_t i = 0; i < r->len; i++)
        put8(&p, 'a');
    put32(b, SECOND + r->ms / 1000);
    put32(b, r->ms % 1000 * MS);
    put32(b, (uint32_t)p.len);
    put32(b, (uint32_t)p.len);
    put(b, p.ptr, p.len);
    free(p.ptr);
}

static void make_scene(struct scene *s, const struct row *rows, size_t count)
{
    *s = (struct scene){.x = {.client.addr.port = 4000,
                              .server.addr.port = 80,
                              .packets = s->refs,
                              .end_ns = T0 + INT64_C(1000) * MS}};
    make_folder(&s->folder);
    (void)snprintf(s->path, sizeof s->path, "%s/x.pcap", s->folder.path);
    static const uint8_t mapped[] = {0xff, 0xff, 10, 0, 0};
    memcpy(s->x.client.addr.ip + 10, mapped, 5);
    memcpy(s->x.server.addr.ip + 10, mapped, 5);
    s->x.client.addr.ip[15] = 1;
    s->x.server.addr.ip[15] = 2;
    put_pcap_header(&s->bytes, 0xa1b23c4d, 65535, RAW_IP);
    for (size_t i = 0; i < count; i++) {
        if (rows[i].noted)
            s->refs[s->x.packets_count++] = UINT64_C(3) << 48 | s->bytes.len;
        struct mt_message *m = rows[i].from == 'c' ? &s->x.req : &s->x.resp;
        if (rows[i].noted && m->start_ns == 0)
            m->start_ns = T0 + (int64_t)rows[i].ms * MS;
        put_packet(&s->bytes, &rows[i]);
    }
    write_file(s->path, s->bytes.ptr, s->bytes.len);
}

static void free_scene(struct scene *s)
{
    remove_folder(&s->folder);
    free(s->bytes.ptr);
}

static bool never(void *arg)
{
    (void)arg;
    return false;
}

static void read_scene(struct scene *s, bool (*stop)(void *arg))
{
    const struct mt_ladder_file file = {.source = 3, .path = s->path};
    const struct mt_ladder_options options = {stop, NULL};
    mt_packet_ladder_read(&s->l, &s->x, &file, 1, &options);
}

/* "Q" request begins, "P" response, "A" again, "C" copy, "G" gap, "L" late,
 * "O" another's: the letters of one step. */
static const char *letters_of(const struct mt_ladder_step *step)
{
    static char text[16];
    static const char names[] = "QPACGLXOZ";
    size_t n = 0;
    for (unsigned bit = 0; bit < MT_LADDER_BIT_COUNT; bit++)
        if ((step->marks & 1u << bit) != 0)
            text[n++] = names[bit];
    text[n] = '\0';
    return text;
}

static void check_rows(struct scene *s, const struct row *rows, size_t count)
{
    size_t at = 0;
    for (size_t i = 0; i < count; i++) {
        if (rows[i].want == NULL)
            continue;
        assert_true(at < s->l.count);
        const struct mt_ladder_step *step = &s->l.steps[at++];
        if (strcmp(letters_of(step), rows[i].want) != 0)
            fail_msg("packet %zu is %s, not %s", i, letters_of(step),
                     rows[i].want);
        assert_int_equal(step->from, rows[i].from == 's');
        assert_int_equal(step->payload_bytes, rows[i].len);
        assert_int_equal(step->flags, rows[i].flags);
        assert_int_equal(step->ts_ns, T0 + (int64_t)rows[i].ms * MS);
    }
    assert_int_equal(s->l.count, at);
    assert_int_equal(s->l.seen, at);
}

enum { A = 0x10, PA = 0x18, F = 0x11, R = 0x04 };

static const struct row faults[] = {
    {0, 'c', 1, 10, PA, false, 1, NULL}, /* the exchange before */
    {5, 'c', 11, 100, PA, true, 2, "Q"},
    {6, 's', 1, 0, A, false, 3, ""},
    {7, 'x', 500, 10, PA, false, 4, NULL}, /* another connection */
    {8, 'c', 11, 100, PA, false, 5, "A"},
    {8, 'c', 11, 100, PA, false, 5, "C"}, /* the same IP id */
    {9, 's', 1, 50, PA, true, 6, "P"},
    {10, 's', 151, 50, PA, true, 7, ""}, /* 100 bytes come later */
    {11, 's', 51, 100, PA, true, 8, "L"},
    {12, 's', 301, 50, PA, true, 9, "G"}, /* 100 bytes never come */
    {13, 's', 351, 20, PA, false, 10, "O"},
    {14, 's', 371, 0, F, false, 11, ""},
    {15, 'c', 111, 0, R, false, 12, ""},
    {2000, 'c', 111, 10, PA, false, 13, NULL}, /* after its end */
};
enum { FAULTS = sizeof faults / sizeof faults[0] };

static void check_faults(struct scene *s)
{
    read_scene(s, never);
    check_rows(s, faults, FAULTS);
    assert_string_equal(s->l.why, "");
    assert_true(s->l.complete);
    assert_int_equal(s->l.sent_again, 1);
    assert_int_equal(s->l.copies, 1);
    assert_int_equal(s->l.gaps, 1);
    assert_int_equal(s->l.steps[7].gap_bytes, 100);
    assert_int_equal(s->l.steps[1].delta_ns, MS);
}

static void each_packet_is_told_for_what_it_is(void **state)
{
    struct scene s;
    (void)state;
    make_scene(&s, faults, FAULTS);
    check_faults(&s);
    /* where nothing can be skipped */
    gzFile f = gzopen(s.path, "wb");
    assert_non_null(f);
    assert_int_equal(gzwrite(f, s.bytes.ptr, (unsigned)s.bytes.len),
                     s.bytes.len);
    assert_int_equal(gzclose(f), Z_OK);
    check_faults(&s);
    free_scene(&s);
}

static void the_middle_of_many_is_folded(void **state)
{
    struct row rows[200];
    struct scene s;
    char bytes[512];
    (void)state;
    for (uint32_t i = 0; i < 200; i++)
        rows[i] = (struct row){i, 'c', 1 + i * 10, 10, PA, true, i + 1, NULL};
    make_scene(&s, rows, 200);
    read_scene(&s, never);
    assert_int_equal(s.l.seen, 200);
    assert_int_equal(s.l.count, MT_LADDER_HEAD + MT_LADDER_TAIL);
    assert_int_equal(s.l.steps[MT_LADDER_HEAD - 1].number, MT_LADDER_HEAD - 1);
    assert_int_equal(s.l.steps[s.l.count - 1].number, 199);
    assert_int_equal(s.l.steps[MT_LADDER_HEAD].delta_ns, MS);
    assert_int_equal(mt_ladder_lines(&s.l), s.l.count + 1);
    struct mt_buf b = mt_buf_of(bytes, sizeof bytes - 1);
    mt_ladder_put_line(&b, &s.l, &s.x, MT_LADDER_HEAD, 80);
    bytes[b.len] = '\0';
    assert_non_null(strstr(bytes, "152 packets"));
    free_scene(&s);
}

static bool at_once(void *arg)
{
    (void)arg;
    return true;
}

static void check_why(struct scene *s, bool (*stop)(void *arg),
                      const char *want)
{
    read_scene(s, stop);
    assert_int_equal(s->l.count, 0);
    assert_false(s->l.complete);
    if (strstr(s->l.why, want) == NULL)
        fail_msg("%s, not %s", s->l.why, want);
}

static void what_is_not_there_is_told(void **state)
{
    struct scene s;
    (void)state;
    make_scene(&s, faults, FAULTS);
    check_why(&s, at_once, "it took too long");
    s.refs[0] += 4; /* between two records */
    check_why(&s, never, "x.pcap");
    s.refs[0] -= 4;
    const struct mt_ladder_file later = {
        .source = 3,
        .path = s.path,
        .known = {.first_ns = T0 + INT64_C(60000) * MS}};
    mt_packet_ladder_read(&s.l, &s.x, &later, 1,
                          &(struct mt_ladder_options){NULL, NULL});
    assert_non_null(strstr(s.l.why, "another packet is there"));
    write_file(s.path, "no capture at all, but long enough for one", 42);
    check_why(&s, never, "x.pcap");
    (void)remove(s.path);
    check_why(&s, never, "x.pcap");
    free_scene(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_packet_is_told_for_what_it_is),
        cmocka_unit_test(the_middle_of_many_is_folded),
        cmocka_unit_test(what_is_not_there_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

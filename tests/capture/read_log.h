/* Reads a whole capture into a log, a line an item, in one piece and in
 * dribbles: a reader must not care how its input comes. Needs cmocka.h. */
#ifndef MT_TESTS_CAPTURE_READ_LOG_H
#define MT_TESTS_CAPTURE_READ_LOG_H

#include <inttypes.h>

#include "build.h"
#include "memory_input.h"

struct run {
    struct bytes log; /* a line an item */
    int rc;
    char problem[MT_PROBLEM_BYTES];
};

static inline void log_item(struct bytes *log, const struct mt_item *i)
{
    static const char *const kinds[] = {"packet", "name",    "secrets",
                                        "drops",  "comment", "interface"};
    char line[256];
    put_text(log, kinds[i->kind]);
    switch (i->kind) {
    case MT_ITEM_PACKET:
        (void)snprintf(line, sizeof line, " %" PRIu64 " %" PRId64 " %u/%u %u ",
                       i->packet.ref, i->packet.ts_ns, i->packet.interface_id,
                       i->packet.link_type, i->packet.wire_bytes);
        put_text(log, line);
        put(log, i->packet.bytes.ptr, i->packet.bytes.len);
        break;
    case MT_ITEM_DROPS:
        (void)snprintf(line, sizeof line, " %u %" PRIu64 " %" PRIu64,
                       i->packet.interface_id, i->kernel_drops,
                       i->interface_drops);
        put_text(log, line);
        break;
    case MT_ITEM_NAME:
        (void)snprintf(line, sizeof line, " %u.%u ", i->name_addr.ip[0],
                       i->name_addr.ip[15]);
        put_text(log, line);
        put(log, i->text.ptr, i->text.len);
        break;
    case MT_ITEM_INTERFACE:
        (void)snprintf(line, sizeof line, " %u/%u ", i->packet.interface_id,
                       i->packet.link_type);
        put_text(log, line);
        put(log, i->text.ptr, i->text.len);
        break;
    default:
        put_text(log, " ");
        put(log, i->text.ptr, i->text.len);
    }
    put_text(log, "\n");
}

/* Read all, `step` bytes a read. Followed: every read ends the file until the
 * next call. */
static inline struct run read_all(struct mt_span file, size_t step, bool follow)
{
    struct run r = {.rc = 0};
    struct memory_input m = {
        .bytes = file, .step = step, .visible = follow ? step : SIZE_MAX};
    struct mt_source *s;
    struct mt_source_options options = {.follow = follow, .buffer_bytes = 1};
    struct mt_problem why;
    struct mt_item item;
    r.rc = mt_source_open_input(&s, memory_input(&m), "t", &options, &why);
    if (r.rc < 0) {
        memcpy(r.problem, why.text, sizeof why.text);
        put8(&r.log, 0);
        return r;
    }
    for (;;) {
        r.rc = mt_source_next(s, &item);
        if (r.rc == MT_EVENT)
            log_item(&r.log, &item);
        else if (r.rc == MT_MORE && m.visible < file.len)
            m.visible += step;
        else if (r.rc == MT_MORE)
            mt_source_finish(s, 0);
        else
            break;
    }
    (void)snprintf(r.problem, sizeof r.problem, "%s", mt_source_problem(s));
    assert_int_equal(mt_source_next(s, &item), r.rc); /* sticky */
    mt_source_free(s);
    put8(&r.log, 0);
    return r;
}

static inline void expect(struct mt_span file, const char *log, int rc,
                          const char *problem)
{
    const size_t steps[] = {SIZE_MAX, 1, 7};
    for (size_t i = 0; i < 6; i++) {
        bool follow = i >= 3;
        struct run r =
            read_all(file, follow ? steps[i - 3] / 2 + 1 : steps[i], follow);
        assert_string_equal((const char *)r.log.ptr, log);
        assert_string_equal(r.problem, problem);
        assert_int_equal(r.rc, rc);
        free(r.log.ptr);
    }
}

#endif

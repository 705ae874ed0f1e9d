/* Messages of gRPC are counted, and the trailers of gRPC-Web read, which are
 * the last frame of its content. */
#include "proxy-lite/call/call_impl.h"
#include "world.h"

static const char mesh[] = "listeners: [{name: e, address: \"127.0.0.1:1\"}]\n"
                           "services: {s: {endpoints: [\"127.0.0.1:2\"]}}\n"
                           "routes: [{to: s}]\n";

#define MESSAGES "\0\0\0\0\2hi\0\0\0\0\0\1\0\0\0\1z"
#define TRAILERS(text, length) "\200\0\0\0" length text
#define TWO_LINES TRAILERS("GRPC-Status: 14\r\ngrpc-message: 7\r\n", "\42")

/* want: the status, MT_GRPC_STATUS_NONE for none. */
static const struct {
    const char *bytes;
    size_t len;
    enum mt_call_form form;
    int16_t want;
    uint32_t count;
} rows[] = {
#define ROW(text, ...)                     \
    {                                      \
        text, sizeof text - 1, __VA_ARGS__ \
    }
    ROW("", MT_CALL_BINARY, MT_GRPC_STATUS_NONE, 0),
    ROW(MESSAGES, MT_CALL_BINARY, MT_GRPC_STATUS_NONE, 3),
    ROW(MESSAGES, MT_CALL_NO_MESSAGES, MT_GRPC_STATUS_NONE, 0),
    ROW(MESSAGES TWO_LINES, MT_CALL_BINARY, 14, 3),
    ROW(TRAILERS("a:grpc-status:9\r\n", "\21"), MT_CALL_BINARY,
        MT_GRPC_STATUS_NONE, 0),
    ROW(TRAILERS("x: 1\ngrpc-status:0", "\22"), MT_CALL_BINARY, 0, 0),
    ROW(TRAILERS("grpc-status:99999999999", "\27"), MT_CALL_BINARY, 999, 0),
    ROW(TRAILERS("grpc-status:", "\14"), MT_CALL_BINARY, MT_GRPC_STATUS_NONE,
        0),
    /* a message, two lines of trailers; each with its padding, or joined */
    ROW("AAAAAAJoaQ==gAAAACNncnBjLXN0YXR1czogMTQNCmdycGMtbWVzc2FnZTogbm8NCg==",
        MT_CALL_TEXT, 14, 1),
    ROW("AAAAAAJoaYAAAAAjZ3JwYy1zdGF0dXM6IDE0DQpncnBjLW1lc3NhZ2U6IG5vDQo=",
        MT_CALL_TEXT, 14, 1),
    ROW("AAAAAAJoaQ==!AAAACNncnBjLXN0YXR1czogMTQNCmdycGMtbWVzc2FnZTogbm8NCg==",
        MT_CALL_TEXT, MT_GRPC_STATUS_NONE, 1),
#undef ROW
};

static void read_cut_anywhere(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        for (size_t cut = 0; cut <= rows[i].len; cut++) {
            struct mt_call_messages m = {.form = (uint8_t)rows[i].form,
                                         .status = MT_GRPC_STATUS_NONE};
            struct mt_span all = {(const uint8_t *)rows[i].bytes, rows[i].len};
            mt_call_read_messages(&m, mt_span_take(&all, cut));
            mt_call_read_messages(&m, all);
            assert_int_equal(m.status, rows[i].want);
            assert_int_equal(m.count, rows[i].count);
            assert_int_equal(m.left, 0);
        }
}

static struct told answered(const char *type, const char *content)
{
    char text[512];
    world_begin(mesh);
    client_sends("POST /shop.Cart/Add HTTP/1.1\r\nHost: h\r\nContent-Type: "
                 "application/grpc-web-text+proto\r\n"
                 "Content-Length: 8\r\n\r\nAAAAAAA=");
    service_connects(true);
    (void)snprintf(text, sizeof text,
                   "HTTP/1.1 200 OK\r\nContent-Type: %s\r\n"
                   "Content-Length: %zu\r\n\r\n%s",
                   type, strlen(content), content);
    service_sends(text);
    struct told row = the_row();
    world_end();
    return row;
}

#define FAILED                                                          \
    "AAAAAAJoaQ==gAAAACNncnBjLXN0YXR1czogMTQNCmdycGMtbWVzc2FnZTogbm8NC" \
    "g=="

/* A status of 200 is not all that is said. */
static void web_calls_are_what_their_trailers_say(void **state)
{
    (void)state;
    struct told row = answered("application/grpc-web-text+proto", FAILED);
    assert_int_equal(row.status, 200);
    assert_int_equal(row.protocol, MT_PROTOCOL_GRPC_WEB);
    assert_int_equal(row.grpc_status, 14);
    assert_int_equal(row.outcome, MT_OUTCOME_FAILURE);
    row = answered("text/html", FAILED); /* something else answers */
    assert_int_equal(row.grpc_status, MT_GRPC_STATUS_NONE);
    assert_int_equal(row.outcome, MT_OUTCOME_UNKNOWN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(read_cut_anywhere),
        cmocka_unit_test(web_calls_are_what_their_trailers_say),
    };
    return cmocka_run_group_tests_name("proxy-lite/call/messages", tests, NULL,
                                       NULL);
}

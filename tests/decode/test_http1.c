/* Every vector is run whole, byte by byte and cut at every offset, in copies
 * of their exact size: a parser must not care how the network cut its input.
 * Each is judged by both policies. */
#include "http1_run.h"

static const struct vector vectors[] = {
    /* start lines */
    {"plain get", Q, TEXT(GET "\r\n"), GOT "{none keep} . ~more", NULL},
    {"two requests", Q, TEXT(GET "\r\n" GET "X: y\r\n\r\n"),
     GOT "{none keep} . " GOT "X=y {none keep} . ~more", NULL},
    {"http/1.0", Q, TEXT("GET /x HTTP/1.0\r\n\r\n"), "<GET /x {none} . ~more",
     NULL},
    {"http/1.0 keep-alive", Q,
     TEXT("GET /x HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n"),
     "<GET /x Connection=Keep-Alive {none keep} . ~more", NULL},
    {"close", Q, TEXT(GET "Connection: x, close\r\n\r\n"),
     GOT "Connection=x, close {none} . ~more", NULL},
    {"higher minor version", Q, TEXT("GET / HTTP/1.2\r\nHost: a\r\n\r\n"),
     GOT "{none keep} . ~more", NULL},
    {"version 2", Q, TEXT("GET / HTTP/2.0\r\nHost: a\r\n\r\n"),
     GOT "{none keep} .bad_version ~more", "!EPROTO"},
    {"version of more digits", Q, TEXT("GET / HTTP/1.01\r\nHost: a\r\n\r\n"),
     GOT "{none keep} .bad_version ~more", "!EPROTO"},
    {"no target", Q, TEXT("GET HTTP/1.1\r\nHost: a\r\n\r\n"),
     "<GET  Host=a {none keep} .bad_target ~more", "!EPROTO"},
    {"version of two dots", Q, TEXT("GET / HTTP/1.1.1\r\n\r\n"), "!EPROTO",
     NULL},
    {"version without its end", Q, TEXT("GET / HTTP/11.\r\n\r\n"), "!EPROTO",
     NULL},
    {"no version", Q, TEXT("GET /\r\n\r\n"), "!EPROTO", NULL},
    {"not http", Q, TEXT("SSH-2.0-OpenSSH\r\n"), "!EPROTO", NULL},
    {"lower case version", Q, TEXT("GET / http/1.1\r\n"), "!EPROTO", NULL},
    {"two spaces", Q, TEXT("GET  / HTTP/1.1\r\nHost: a\r\n\r\n"),
     GOT "{none keep} .spaces ~more", "!EPROTO"},
    {"space in target", Q, TEXT("GET /a b HTTP/1.1\r\nHost: a\r\n\r\n"),
     "<GET /a b Host=a {none keep} .bad_target ~more", "!EPROTO"},
    {"space at the end", Q, TEXT("GET / HTTP/1.1 \r\nHost: a\r\n\r\n"),
     GOT "{none keep} .spaces ~more", "!EPROTO"},
    {"tab", Q, TEXT("GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n"),
     GOT "{none keep} .spaces ~more", "!EPROTO"},
    {"raw utf-8", Q, TEXT("GET /\xc3\xa9 HTTP/1.1\r\nHost: a\r\n\r\n"),
     "<GET /\xc3\xa9 Host=a {none keep} .bad_target ~more", "!EPROTO"},
    {"target forms", Q,
     TEXT("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n"
          "GET http://a/b HTTP/1.1\r\nHost: a\r\n\r\n"
          "CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n"),
     "<OPTIONS * Host=a {none keep} . <GET http://a/b Host=a {none keep} . "
     "<CONNECT a:443 Host=a {none keep} . ~more",
     NULL},
    {"star for get", Q, TEXT("GET * HTTP/1.1\r\nHost: a\r\n\r\n"),
     "<GET * Host=a {none keep} .bad_target ~more", "!EPROTO"},
    {"connect with path", Q, TEXT("CONNECT /x HTTP/1.1\r\nHost: a\r\n\r\n"),
     "<CONNECT /x Host=a {none keep} .bad_target ~more", "!EPROTO"},
    {"empty lines before", Q, TEXT("\r\n\r\n" GET "\r\n"),
     GOT "{none keep} .empty_lines ~more", NULL},
    {"empty bare lines before", Q, TEXT("\n" GET "\r\n"),
     GOT "{none keep} .bare_lf,empty_lines ~more", "!EPROTO"},
    {"status", R, TEXT(OK "Content-Length: 0\r\n\r\n"),
     "<200 OK Content-Length=0 {none keep} . ~more", NULL},
    {"reason with spaces", R,
     TEXT("HTTP/1.1 404 Not  Found!\xe9\r\nContent-Length: 0\r\n\r\n"),
     "<404 Not  Found!\xe9 Content-Length=0 {none keep} . ~more", NULL},
    {"no reason", R, TEXT("HTTP/1.1 204 \r\n\r\n"), "<204  {none keep} . ~more",
     NULL},
    {"no reason and no space", R, TEXT("HTTP/1.1 204\r\n\r\n"),
     "<204  {none keep} .spaces ~more", "!EPROTO"},
    {"two digits", R, TEXT("HTTP/1.1 20 OK\r\n\r\n"), "!EPROTO", NULL},
    {"status below 100", R, TEXT("HTTP/1.1 099 X\r\n\r\n"), "!EPROTO", NULL},
    {"four digits", R, TEXT("HTTP/1.1 2000 OK\r\n\r\n"), "!EPROTO", NULL},
    {"empty line before status", R, TEXT("\r\nHTTP/1.1 204 x\r\n\r\n"),
     "<204 x {none keep} .empty_lines ~more", "!EPROTO"},
    /* fields */
    {"outer space", Q, TEXT(GET "X: \t a b \t\r\nY:\r\nZ:z\r\n\r\n"),
     GOT "X=a b Y= Z=z {none keep} . ~more", NULL},
    {"fold", Q, TEXT(GET "X: a \r\n \t b\r\n\tc\r\nY: d\r\n\r\n"),
     GOT "X=a b c Y=d {none keep} .obs_fold ~more", GOT "!EPROTO"},
    {"fold of blanks", Q, TEXT(GET "X: a\r\n \r\nY: d\r\n\r\n"),
     GOT "X=a Y=d {none keep} .obs_fold ~more", GOT "!EPROTO"},
    {"fold of the first", Q, TEXT("GET / HTTP/1.0\r\n X: a\r\nY: d\r\n\r\n"),
     "<GET / Y=d {none} .obs_fold ~more", "<GET / !EPROTO"},
    {"bare lf", Q, TEXT("GET / HTTP/1.1\nHost: a\n\n"),
     GOT "{none keep} .bare_lf ~more", "!EPROTO"},
    {"bare lf in one field", Q, TEXT(GET "X: a\nY: b\r\n\r\n"),
     GOT "X=a Y=b {none keep} .bare_lf ~more", GOT "!EPROTO"},
    {"bare cr", Q, TEXT(GET "X: a\rY: b\r\n\r\n"),
     GOT "X=a\rY: b {none keep} .ctl ~more", GOT "!EPROTO"},
    {"cr cr lf", Q, TEXT(GET "X: a\r\r\n\r\n"),
     GOT "X=a\r {none keep} .ctl ~more", GOT "!EPROTO"},
    {"nul", Q, TEXT(GET "X: a\0b\r\n\r\n"), GOT "X=a@b {none keep} .nul ~more",
     GOT "!EPROTO"},
    {"control", Q, TEXT(GET "X: a\x01\x7f\r\n\r\n"),
     GOT "X=a\x01\x7f {none keep} .ctl ~more", GOT "!EPROTO"},
    {"obs-text", Q, TEXT(GET "X: \xff\x80\r\n\r\n"),
     GOT "X=\xff\x80 {none keep} . ~more", NULL},
    {"space before colon", Q, TEXT(GET "X : a\r\n\r\n"),
     GOT "X=a {none keep} .spaces ~more", GOT "!EPROTO"},
    {"bad name", Q, TEXT(GET "X(: a\r\n\r\n"),
     GOT "X(=a {none keep} .bad_name ~more", GOT "!EPROTO"},
    {"no name", Q, TEXT(GET ": a\r\n\r\n"), GOT "{none keep} .bad_name ~more",
     GOT "!EPROTO"},
    {"no colon", Q, TEXT(GET "X\r\nY: z\r\n\r\n"),
     GOT "Y=z {none keep} .bad_name ~more", GOT "!EPROTO"},
    {"no host", Q, TEXT("GET / HTTP/1.1\r\n\r\n"),
     "<GET / {none keep} .no_host ~more", "<GET / !EPROTO"},
    {"two hosts", Q, TEXT(GET "host: b\r\n\r\n"),
     GOT "host=b {none keep} .no_host ~more", GOT "host=b !EPROTO"},
    {"host with path", Q, TEXT("GET / HTTP/1.1\r\nHost: a/b\r\n\r\n"),
     "<GET / Host=a/b {none keep} .no_host ~more", "<GET / Host=a/b !EPROTO"},
    {"host with userinfo", Q, TEXT("GET / HTTP/1.0\r\nHost: u@b\r\n\r\n"),
     "<GET / Host=u@b {none} .no_host ~more", "<GET / Host=u@b !EPROTO"},
    {"host v6", Q, TEXT("GET / HTTP/1.1\r\nHost: [::1]:80\r\n\r\n"),
     "<GET / Host=[::1]:80 {none keep} . ~more", NULL},
    {"long lines", Q,
     TEXT(GET "X-Forty-Bytes-Of-A-Name-Are-More-Than-32: "
              "0123456789abcdef0123456789abcdef0123456789abcdef\r\n\r\n"),
     GOT "X-Forty-Bytes-Of-A-Name-Are-More-Than-32="
         "0123456789abcdef0123456789abcdef0123456789abcdef {none keep} . ~more",
     NULL},
    {"cut in header", Q, TEXT(GET "X: a"), GOT "~more", NULL},
    /* lengths */
    {"length", Q, TEXT(POST "Content-Length: 3\r\n\r\nabc" GET "\r\n"),
     "<POST / Host=a Content-Length=3 {length 3 keep} \"abc\" . " GOT
     "{none keep} . ~more",
     NULL},
    {"equal lengths", Q,
     TEXT(POST "Content-Length: 2, 2\r\ncontent-length: 2\r\n\r\nab"),
     "<POST / Host=a Content-Length=2, 2 content-length=2 {length 2 keep} "
     "\"ab\" .many_cl ~more",
     "<POST / Host=a !EPROTO"},
    {"different lengths", Q,
     TEXT(POST "Content-Length: 2\r\nContent-Length: 3\r\n\r\nab"),
     "<POST / Host=a Content-Length=2 Content-Length=3 {length 2 keep} "
     "\"ab\" .many_cl ~more",
     "<POST / Host=a Content-Length=2 !EPROTO"},
    {"signed length", Q, TEXT(POST "Content-Length: +2\r\n\r\n"),
     "<POST / Host=a Content-Length=+2 {none keep} .bad_cl ~more",
     "<POST / Host=a !EPROTO"},
    {"empty length", Q, TEXT(POST "Content-Length:\r\n\r\n"),
     "<POST / Host=a Content-Length= {none keep} .bad_cl ~more",
     "<POST / Host=a !EPROTO"},
    {"huge length", Q, TEXT(POST "Content-Length: 9223372036854775808\r\n\r\n"),
     "<POST / Host=a Content-Length=9223372036854775808 {none keep} .bad_cl "
     "~more",
     "<POST / Host=a !EPROTO"},
    {"huge length of a response", R,
     TEXT(OK "Content-Length: 184467440737095516160\r\n\r\nx"),
     "<200 OK Content-Length=184467440737095516160 {close keep} \"x\" ~more",
     "<200 OK !EPROTO"},
    {"after an unknown end", Q,
     TEXT(POST "Content-Length: x\r\n\r\nabc\r\n" GET "\r\n"),
     "<POST / Host=a Content-Length=x {none keep} .bad_cl " GOT
     "{none keep} . ~more",
     "<POST / Host=a !EPROTO"},
    /* chunks */
    {"chunked", R,
     TEXT(OK "Transfer-Encoding: chunked\r\n\r\n4\r\nWiki\r\nA\r\n"
             "0123456789\r\n0\r\n\r\n"),
     "<200 OK Transfer-Encoding=chunked {chunked keep} (4) \"Wiki\" (10) "
     "\"0123456789\" (0) . ~more",
     NULL},
    {"trailers", Q,
     TEXT(POST "TE: trailers\r\ntransfer-encoding: Chunked\r\n\r\n"
               "0\r\nX: y\r\nContent-Length: 7\r\n\r\n" GET "\r\n"),
     "<POST / Host=a TE=trailers transfer-encoding=Chunked {chunked keep} "
     "(0) +X=y +Content-Length=7 . " GOT "{none keep} . ~more",
     NULL},
    {"extension", R,
     TEXT(OK "Transfer-Encoding: chunked\r\n\r\n1 ;x=\"y\"\r\na\r\n0\r\n\r\n"),
     "<200 OK Transfer-Encoding=chunked {chunked keep} (1 ;x=\"y\") \"a\" (0) "
     ".chunk_ext ~more",
     NULL},
    {"extensions", R,
     TEXT(
         OK
         "Transfer-Encoding: chunked\r\n\r\n0;a;b=c ; d = \"e;\\\"f\"\r\n\r\n"),
     "<200 OK Transfer-Encoding=chunked {chunked keep} (0 ;a;b=c ; d = "
     "\"e;\\\"f\") .chunk_ext ~more",
     NULL},
    {"extension without a name", R,
     TEXT(OK "Transfer-Encoding: chunked\r\n\r\n0;\r\n\r\n"),
     "<200 OK Transfer-Encoding=chunked {chunked keep} (0 ;) "
     ".bad_chunk,chunk_ext ~more",
     "<200 OK Transfer-Encoding=chunked {chunked keep} !EPROTO"},
    {"extension without a value", R,
     TEXT(OK "Transfer-Encoding: chunked\r\n\r\n0;a=\r\n\r\n"),
     "<200 OK Transfer-Encoding=chunked {chunked keep} (0 ;a=) "
     ".bad_chunk,chunk_ext ~more",
     "<200 OK Transfer-Encoding=chunked {chunked keep} !EPROTO"},
    {"extension with an open quote", R,
     TEXT(OK "Transfer-Encoding: chunked\r\n\r\n0;a=\"b\r\n\r\n"),
     "<200 OK Transfer-Encoding=chunked {chunked keep} (0 ;a=\"b) "
     ".bad_chunk,chunk_ext ~more",
     "<200 OK Transfer-Encoding=chunked {chunked keep} !EPROTO"},
    {"extension with two values", R,
     TEXT(OK "Transfer-Encoding: chunked\r\n\r\n0;a=b c\r\n\r\n"),
     "<200 OK Transfer-Encoding=chunked {chunked keep} (0 ;a=b c) "
     ".bad_chunk,chunk_ext ~more",
     "<200 OK Transfer-Encoding=chunked {chunked keep} !EPROTO"},
    {"extension, then another without a name", R,
     TEXT(OK "Transfer-Encoding: chunked\r\n\r\n0;a=b;\r\n\r\n"),
     "<200 OK Transfer-Encoding=chunked {chunked keep} (0 ;a=b;) "
     ".bad_chunk,chunk_ext ~more",
     "<200 OK Transfer-Encoding=chunked {chunked keep} !EPROTO"},
    {"lf ends a chunk extension", R,
     TEXT(OK "Transfer-Encoding: chunked\r\n\r\n1;x\na\r\n0\r\n\r\n"),
     "<200 OK Transfer-Encoding=chunked {chunked keep} (1 ;x) \"a\" (0) "
     ".bare_lf,chunk_ext ~more",
     "<200 OK Transfer-Encoding=chunked {chunked keep} !EPROTO"},
    {"lf after chunk data", R,
     TEXT(OK "Transfer-Encoding: chunked\r\n\r\n1\r\na\n0\r\n\r\n"),
     "<200 OK Transfer-Encoding=chunked {chunked keep} (1) \"a\" (0) .bare_lf "
     "~more",
     "<200 OK Transfer-Encoding=chunked {chunked keep} (1) \"a\" !EPROTO"},
    {"space after size", R,
     TEXT(OK "Transfer-Encoding: chunked\r\n\r\n1 \r\na\r\n0\r\n\r\n"),
     "<200 OK Transfer-Encoding=chunked {chunked keep} (1) \"a\" (0) .spaces "
     "~more",
     "<200 OK Transfer-Encoding=chunked {chunked keep} !EPROTO"},
    {"chunk size of nothing", R,
     TEXT(OK "Transfer-Encoding: chunked\r\n\r\n\r\n"),
     "<200 OK Transfer-Encoding=chunked {chunked keep} !EPROTO", NULL},
    {"chunk size 0x", R,
     TEXT(OK "Transfer-Encoding: chunked\r\n\r\n0x1\r\na\r\n"),
     "<200 OK Transfer-Encoding=chunked {chunked keep} !EPROTO", NULL},
    {"chunk size too large", R,
     TEXT(OK "Transfer-Encoding: chunked\r\n\r\n8000000000000000\r\n"),
     "<200 OK Transfer-Encoding=chunked {chunked keep} !EPROTO", NULL},
    {"chunk size with zeros", R,
     TEXT(OK
          "Transfer-Encoding: chunked\r\n\r\n000000000000000000001\r\na\r\n"),
     "<200 OK Transfer-Encoding=chunked {chunked keep} (1) \"a\" ~more", NULL},
    {"chunk longer than said", R,
     TEXT(OK "Transfer-Encoding: chunked\r\n\r\n1\r\nab\r\n"),
     "<200 OK Transfer-Encoding=chunked {chunked keep} (1) \"a\" !EPROTO",
     NULL},
    {"two crs after chunk data", R,
     TEXT(OK "Transfer-Encoding: chunked\r\n\r\n1\r\na\r\r\n"),
     "<200 OK Transfer-Encoding=chunked {chunked keep} (1) \"a\" !EPROTO",
     NULL},
    {"chunked and length", Q,
     TEXT(POST "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n"
               "0\r\n\r\n"),
     "<POST / Host=a Content-Length=3 Transfer-Encoding=chunked "
     "{chunked keep} (0) .te_and_cl ~more",
     "<POST / Host=a Content-Length=3 Transfer-Encoding=chunked !EPROTO"},
    {"gzip, chunked", R,
     TEXT(OK "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"),
     "<200 OK Transfer-Encoding=gzip, chunked {chunked keep} (0) . ~more",
     NULL},
    {"gzip alone until close", R, TEXT(OK "Transfer-Encoding: gzip\r\n\r\nzz"),
     "<200 OK Transfer-Encoding=gzip {close keep} \"zz\" ~more", NULL},
    {"chunked is not last", R,
     TEXT(OK "Transfer-Encoding: chunked, gzip\r\n\r\nzz"),
     "<200 OK Transfer-Encoding=chunked, gzip {close keep} \"zz\" ~more",
     "<200 OK Transfer-Encoding=chunked, gzip !EPROTO"},
    {"gzip alone in a request", Q, TEXT(POST "Transfer-Encoding: gzip\r\n\r\n"),
     "<POST / Host=a Transfer-Encoding=gzip {none keep} .bad_te ~more",
     "<POST / Host=a Transfer-Encoding=gzip !EPROTO"},
    {"chunked is not last in a request", Q,
     TEXT(POST "Transfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n\r\n"),
     "<POST / Host=a Transfer-Encoding=chunked Transfer-Encoding=x "
     "{none keep} .bad_te ~more",
     "<POST / Host=a Transfer-Encoding=chunked Transfer-Encoding=x !EPROTO"},
    {"chunked twice", Q,
     TEXT(POST "Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n"),
     "<POST / Host=a Transfer-Encoding=chunked, chunked {chunked keep} (0) "
     ".bad_te ~more",
     "<POST / Host=a Transfer-Encoding=chunked, chunked !EPROTO"},
    {"xchunked", R, TEXT(OK "Transfer-Encoding: xchunked\r\n\r\nz"),
     "<200 OK Transfer-Encoding=xchunked {close keep} \"z\" ~more",
     "<200 OK Transfer-Encoding=xchunked !EPROTO"},
    {"chunked in 1.0", R,
     TEXT("HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
     "<200 OK Transfer-Encoding=chunked {chunked} (0) .bad_te ~more",
     "<200 OK Transfer-Encoding=chunked !EPROTO"},
    {"space before the colon of chunked", Q,
     TEXT(POST "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n"),
     "<POST / Host=a Transfer-Encoding=chunked {chunked keep} (0) .spaces "
     "~more",
     "<POST / Host=a !EPROTO"},
    /* bodies of responses, RFC 9112 section 6.3 */
    {"until close", R, TEXT(OK "\r\nHTTP/1.1 is here"),
     "<200 OK {close keep} \"HTTP/1.1 is here\" ~more", NULL},
    {"304 with length", R,
     TEXT("HTTP/1.1 304 x\r\nContent-Length: 5\r\n\r\n" OK
          "Content-Length: 0\r\n\r\n"),
     "<304 x Content-Length=5 {none keep} . <200 OK Content-Length=0 "
     "{none keep} . ~more",
     NULL},
    {"interim", R,
     TEXT("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 x\r\nLink: y\r\n\r\n" OK
          "Content-Length: 1\r\n\r\nz"),
     "<100 Continue {none keep} . <103 x Link=y {none keep} . "
     "<200 OK Content-Length=1 {length 1 keep} \"z\" . ~more",
     NULL},
    {"to head", MT_HTTP1_RESPONSES, MT_HTTP1_TO_HEAD,
     TEXT("HTTP/1.1 100 x\r\n\r\n" OK "Content-Length: 5\r\n\r\n" OK
          "Content-Length: 1\r\n\r\nz"),
     "<100 x {none keep} . <200 OK Content-Length=5 {none keep} . "
     "<200 OK Content-Length=1 {length 1 keep} \"z\" . ~more",
     NULL},
    {"to connect", MT_HTTP1_RESPONSES, MT_HTTP1_TO_CONNECT,
     TEXT(OK "Content-Length: 5\r\n\r\n\x16\x03\x01"),
     "<200 OK Content-Length=5 {tunnel keep} . ~done:\x16\x03\x01", NULL},
    {"connect refused", MT_HTTP1_RESPONSES, MT_HTTP1_TO_CONNECT,
     TEXT("HTTP/1.1 403 x\r\nContent-Length: 1\r\n\r\nz"),
     "<403 x Content-Length=1 {length 1 keep} \"z\" . ~more", NULL},
    {"101", R,
     TEXT("HTTP/1.1 101 x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"
          "\x81\x01z"),
     "<101 x Upgrade=websocket Connection=Upgrade {tunnel keep upgrade} . "
     "~done:\x81\x01z",
     NULL},
    {"request unknown, with body", MT_HTTP1_RESPONSES, MT_HTTP1_TO_UNKNOWN,
     TEXT(OK "Content-Length: 1\r\n\r\nz"),
     "<200 OK Content-Length=1 {length 1 keep} \"z\" . ~more", NULL},
};

enum { COUNT = sizeof vectors / sizeof vectors[0] };

static void run_cuts(const struct vector *v, bool strict, size_t first,
                     size_t step)
{
    struct run r;
    size_t at = 0, n = first;
    start(&r, v, strict ? &mt_http1_strict : &mt_http1_lenient);
    while (at < v->len && r.rc == MT_MORE) {
        n = n < v->len - at ? n : v->len - at;
        feed(&r, v->input + at, n);
        at += n;
        n = step;
    }
    struct mt_span rest = {.ptr = (const uint8_t *)v->input + at,
                           .len = v->len - at};
    finish(&r, v, strict && v->strict != NULL ? v->strict : v->lenient, rest);
}

static void run_all(size_t first, size_t step)
{
    for (size_t i = 0; i < COUNT; i++) {
        run_cuts(&vectors[i], false, first, step);
        run_cuts(&vectors[i], true, first, step);
    }
}

static void test_whole(void **state)
{
    (void)state;
    run_all(SIZE_MAX, SIZE_MAX);
}

static void test_bytewise(void **state)
{
    (void)state;
    run_all(1, 1);
}

static void test_every_cut(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT; i++)
        for (size_t cut = 1; cut < vectors[i].len; cut++) {
            run_cuts(&vectors[i], false, cut, SIZE_MAX);
            run_cuts(&vectors[i], true, cut, SIZE_MAX);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_whole),
        cmocka_unit_test(test_bytewise),
        cmocka_unit_test(test_every_cut),
    };
    return cmocka_run_group_tests_name("decode/http1", tests, NULL, NULL);
}

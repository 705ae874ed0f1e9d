/* Every vector is run whole, byte by byte and cut at every offset, in copies
 * of their exact size: a parser must not care how the network cut its input.
 * Each is judged by both policies. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "decode/http1.h"

/* The log of a run, one word an event:
 *   <METHOD target  <CODE reason  name=value  {framing,length,keep,upgrade}
 *   (size ext)  "body"  +trailer=value  .anomaly,anomaly  and what was left:
 *   ~more  !EPROTO  !ELIMIT  ~done:rest */
struct vector {
    const char *name;
    enum mt_http1_side side;
    enum mt_http1_answers answers;
    const char *input;
    size_t len; /* 0: strlen */
    const char *lenient;
    const char *strict; /* NULL: the same */
};

#define Q MT_HTTP1_REQUESTS, MT_HTTP1_TO_ANY
#define R MT_HTTP1_RESPONSES, MT_HTTP1_TO_ANY
#define TEXT(s) s, sizeof(s) - 1
#define GET "GET / HTTP/1.1\r\nHost: a\r\n"
#define GOT "<GET / Host=a "
#define OK "HTTP/1.1 200 OK\r\n"
#define POST "POST / HTTP/1.1\r\nHost: a\r\n"

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

struct run {
    struct mt_http1 p;
    struct mt_pool pool;
    char log[1024];
    size_t used;
    bool in_body;
    int rc;
};

static void say(struct run *r, struct mt_span text)
{
    assert_true(r->used + text.len < sizeof r->log);
    for (size_t i = 0; i < text.len; i++) /* a NUL would end the log */
        r->log[r->used++] = text.ptr[i] == 0 ? '@' : (char)text.ptr[i];
    r->log[r->used] = 0;
}

static void say_text(struct run *r, const char *text)
{
    say(r, mt_span_str(text));
}

static void say_pair(struct run *r, struct mt_span name, struct mt_span value)
{
    say(r, name);
    say_text(r, "=");
    say(r, value);
    say_text(r, " ");
}

static void say_number(struct run *r, const char *before, uint64_t n)
{
    char text[32];
    (void)snprintf(text, sizeof text, "%s%llu", before, (unsigned long long)n);
    say_text(r, text);
}

static void say_headers(struct run *r, const struct mt_http1_event *ev)
{
    static const char *const framings[] = {"{none", "{length ", "{chunked",
                                           "{close", "{tunnel"};
    say_text(r, framings[ev->headers.framing]);
    if (ev->headers.framing == MT_HTTP1_LENGTH)
        say_number(r, "", ev->headers.length);
    if (ev->headers.keep_alive)
        say_text(r, " keep");
    if (ev->headers.upgrade)
        say_text(r, " upgrade");
    say_text(r, "} ");
}

static void say_end(struct run *r, uint32_t anomalies)
{
    const char *before = ".";
    for (unsigned bit = 0; bit < 32; bit++)
        if ((anomalies & 1u << bit) != 0) {
            say_text(r, before);
            say_text(r, mt_anomaly_text(bit));
            before = ",";
        }
    say_text(r, anomalies == 0 ? ". " : " ");
}

static void say_event(struct run *r, const struct mt_http1_event *ev)
{
    if (r->in_body && ev->kind != MT_HTTP1_BODY) {
        say_text(r, "\" ");
        r->in_body = false;
    }
    switch (ev->kind) {
    case MT_HTTP1_REQUEST:
        say_text(r, "<");
        say(r, ev->request.method);
        say_text(r, " ");
        say(r, ev->request.target);
        say_text(r, " ");
        break;
    case MT_HTTP1_STATUS:
        say_number(r, "<", ev->status.code);
        say_text(r, " ");
        say(r, ev->status.reason);
        say_text(r, " ");
        break;
    case MT_HTTP1_TRAILER:
        say_text(r, "+");
        say_pair(r, ev->field.name, ev->field.value);
        break;
    case MT_HTTP1_FIELD:
        say_pair(r, ev->field.name, ev->field.value);
        break;
    case MT_HTTP1_HEADERS:
        say_headers(r, ev);
        break;
    case MT_HTTP1_BODY:
        assert_true(ev->body.len > 0);
        if (!r->in_body)
            say_text(r, "\"");
        r->in_body = true;
        say(r, ev->body);
        break;
    case MT_HTTP1_CHUNK:
        say_number(r, "(", ev->chunk.bytes);
        say_text(r, ev->chunk.extension.len > 0 ? " " : "");
        say(r, ev->chunk.extension);
        say_text(r, ") ");
        break;
    case MT_HTTP1_END:
        say_end(r, ev->end.anomalies);
        break;
    }
}

static void feed(struct run *r, const char *bytes, size_t len)
{
    /* an exact-size copy lets ASan see a read past the end */
    uint8_t *copy = malloc(len > 0 ? len : 1);
    assert_non_null(copy);
    memcpy(copy, bytes, len);

    struct mt_span in = {.ptr = copy, .len = len};
    struct mt_http1_event ev;
    while ((r->rc = mt_http1_next(&r->p, &in, &ev)) == MT_EVENT)
        say_event(r, &ev);
    if (r->rc == MT_MORE)
        assert_int_equal(in.len, 0);
    if (r->rc == MT_DONE) {
        say_text(r, "~done:");
        say(r, in);
    }
    free(copy);
}

static void start(struct run *r, const struct vector *v,
                  const struct mt_http1_config *config)
{
    r->used = 0;
    r->log[0] = 0;
    r->in_body = false;
    r->rc = MT_MORE;
    mt_pool_init(&r->pool, 1 << 20);
    mt_http1_init(&r->p, v->side, config, &r->pool);
    mt_http1_answers(&r->p, v->answers);
}

static void finish(struct run *r, const struct vector *v, const char *want,
                   struct mt_span rest)
{
    if (r->in_body)
        say_text(r, "\" ");
    if (r->rc == MT_DONE)
        say(r, rest);
    else
        say_text(r, r->rc == MT_MORE     ? "~more"
                    : r->rc == MT_EPROTO ? "!EPROTO"
                                         : "!ELIMIT");
    if (strcmp(r->log, want) != 0)
        fail_msg("%s: got\n%s\nwant\n%s\n(state %s)", v->name, r->log, want,
                 mt_http1_state_name(&r->p));
    mt_http1_deinit(&r->p);
    mt_pool_deinit(&r->pool); /* asserts that all was given back */
}

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

/* One response after another whose requests nobody saw. */
static void test_answer_to_unknown_head(void **state)
{
    (void)state;
    struct run r;
    struct vector v = {.name = "head",
                       .side = MT_HTTP1_RESPONSES,
                       .answers = MT_HTTP1_TO_UNKNOWN};
    start(&r, &v, &mt_http1_lenient);
    feed(&r, TEXT(OK "Content-Length: 999\r\n\r\n"));
    mt_http1_answers(&r.p, MT_HTTP1_TO_UNKNOWN);
    feed(&r, TEXT(OK "Content-Length: 1\r\n\r\nz"));
    finish(&r, &v,
           "<200 OK Content-Length=999 {length 999 keep} . "
           "<200 OK Content-Length=1 {length 1 keep} \"z\" . ~more",
           MT_SPAN(""));
}

static void test_error_is_sticky(void **state)
{
    (void)state;
    struct run r;
    start(&r, &vectors[0], &mt_http1_lenient);
    feed(&r, TEXT("garbage\r\n"));
    assert_int_equal(r.rc, MT_EPROTO);
    feed(&r, TEXT(GET "\r\n"));
    assert_int_equal(r.rc, MT_EPROTO);
    finish(&r, &vectors[0], "!EPROTO", MT_SPAN(""));
}

/* A header above the bounds: the proxy gives up, the tap clips and goes on. */
static void test_lines_are_bounded(void **state)
{
    (void)state;
    static char field[40000];
    memset(field, 'x', sizeof field);
    memcpy(field, "X: ", 3);
    for (int strict = 0; strict < 2; strict++)
        for (size_t step = 1; step < 100000; step = step * 7 + 1) {
            struct run r;
            start(&r, &vectors[0],
                  strict ? &mt_http1_strict : &mt_http1_lenient);
            feed(&r, TEXT("GET / HTTP/1.0\r\n"));
            struct mt_http1_event ev;
            uint8_t *all = malloc(sizeof field + 4);
            assert_non_null(all);
            memcpy(all, field, sizeof field);
            memcpy(all + sizeof field, "\r\n\r\n", 4);
            struct mt_span rest = {.ptr = all, .len = sizeof field + 4};
            size_t value = 0;
            int rc = MT_MORE;
            while (rest.len > 0 && rc >= 0) {
                struct mt_span in =
                    mt_span_take(&rest, step < rest.len ? step : rest.len);
                while ((rc = mt_http1_next(&r.p, &in, &ev)) == MT_EVENT)
                    if (ev.kind == MT_HTTP1_FIELD)
                        value = ev.field.value.len;
                assert_true(r.pool.used_bytes <= 32768);
            }
            assert_int_equal(rc, strict ? MT_ELIMIT : MT_MORE);
            assert_int_equal(value, strict ? 0 : 16384 - 3);
            free(all);
            mt_http1_deinit(&r.p);
            mt_pool_deinit(&r.pool);
        }
}

/* A request line above the bound is still a request to the tap. */
static void test_long_target(void **state)
{
    (void)state;
    enum { LONG = 20000 };
    static char line[LONG + 100];
    memset(line, 'x', LONG);
    memcpy(line, "GET /", 5);
    (void)strcpy(line + LONG, " HTTP/1.1\r\nHost: a\r\n\r\n");
    struct mt_span in = {(const uint8_t *)line, strlen(line)};
    struct mt_http1_event ev;
    struct run r;
    start(&r, &vectors[0], &mt_http1_lenient);
    assert_int_equal(mt_http1_next(&r.p, &in, &ev), MT_EVENT);
    assert_int_equal(ev.kind, MT_HTTP1_REQUEST);
    assert_int_equal(ev.request.target.len, 16384 - 4);
    while (mt_http1_next(&r.p, &in, &ev) == MT_EVENT)
        continue;
    assert_int_equal(ev.kind, MT_HTTP1_END);
    assert_int_equal(ev.end.anomalies, MT_ANOMALY_TOO_LONG);
    mt_http1_deinit(&r.p);
    mt_pool_deinit(&r.pool);
}

/* No end of chunk extensions, of trailers or of fields for the proxy. */
static void test_overhead_is_bounded(void **state)
{
    (void)state;
    static const struct {
        const char *start, *again;
    } rows[] = {
        {"POST / HTTP/1.1\r\nHost: a\r\n", "X: 0123456789\r\n"},
        {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n",
         "1;0123456789012345678901234567890123456789\r\na\r\n"},
        {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: "
         "chunked\r\n\r\n0\r\n",
         "X: 0123456789\r\n"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct run r;
        struct mt_http1_event ev;
        start(&r, &vectors[0], &mt_http1_strict);
        struct mt_span in = mt_span_str(rows[i].start);
        int rc;
        while ((rc = mt_http1_next(&r.p, &in, &ev)) == MT_EVENT)
            continue;
        size_t fed = 0;
        for (; rc == MT_MORE && fed < 1000000; fed += strlen(rows[i].again)) {
            in = mt_span_str(rows[i].again);
            while ((rc = mt_http1_next(&r.p, &in, &ev)) == MT_EVENT)
                continue;
        }
        assert_int_equal(rc, MT_ELIMIT);
        assert_true(fed < 300000);
        mt_http1_deinit(&r.p);
        mt_pool_deinit(&r.pool);
    }
}

/* No memory to hold a split line is a limit like any other. */
static void test_no_memory(void **state)
{
    (void)state;
    struct run r;
    start(&r, &vectors[0], &mt_http1_lenient);
    mt_pool_deinit(&r.pool);
    mt_pool_init(&r.pool, 128);
    feed(&r, TEXT(GET "\r\n" GET));
    assert_int_equal(r.rc, MT_ELIMIT);
    assert_int_equal(r.pool.used_bytes, 0);
    mt_http1_resync(&r.p, true);
    feed(&r, TEXT(GET "\r\n"));
    finish(&r, &vectors[0],
           GOT "{none keep} . <GET / " GOT "{none keep} . ~more", MT_SPAN(""));
}

static void test_eof(void **state)
{
    (void)state;
    static const struct {
        enum mt_http1_side side;
        const char *input;
        int rc;
    } rows[] = {
        {MT_HTTP1_REQUESTS, "", MT_DONE},
        {MT_HTTP1_REQUESTS, GET "\r\n", MT_DONE},
        {MT_HTTP1_REQUESTS, "G", MT_EPROTO},
        {MT_HTTP1_REQUESTS, GET, MT_EPROTO},
        {MT_HTTP1_REQUESTS, POST "Content-Length: 2\r\n\r\nx", MT_EPROTO},
        {MT_HTTP1_RESPONSES, OK "\r\nx", MT_EVENT},
        {MT_HTTP1_RESPONSES, OK "\r\n", MT_EVENT},
        {MT_HTTP1_RESPONSES, OK "Transfer-Encoding: chunked\r\n\r\n0\r\n",
         MT_EPROTO},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct run r;
        struct vector v = {.side = rows[i].side};
        struct mt_http1_event ev;
        start(&r, &v, &mt_http1_strict);
        feed(&r, rows[i].input, strlen(rows[i].input));
        assert_int_equal(mt_http1_eof(&r.p, &ev), rows[i].rc);
        if (rows[i].rc == MT_EVENT)
            assert_int_equal(ev.kind, MT_HTTP1_END);
        mt_http1_deinit(&r.p);
        mt_pool_deinit(&r.pool);
    }
}

struct gap_row {
    const char *name, *before;
    uint64_t gap;
    const char *after;
    enum mt_http1_gap verdict;
    uint64_t body;
    const char *log;
};

#define LEN(n) OK "Content-Length: " #n "\r\n\r\n"
#define LENLOG(n) "<200 OK Content-Length=" #n " {length " #n " keep} "
#define CHUNKS OK "Transfer-Encoding: chunked\r\n\r\n"
#define CHUNKSLOG "<200 OK Transfer-Encoding=chunked {chunked keep} "

static const struct gap_row gaps[] = {
    {"in a body", LEN(9) "ab", 4, "ghi", MT_HTTP1_GAP_INSIDE, 4,
     LENLOG(9) "\"abghi\" . ~more"},
    {"to the end of a body", LEN(9) "ab", 7, LEN(1) "z", MT_HTTP1_GAP_INSIDE, 7,
     LENLOG(9) "\"ab\" . " LENLOG(1) "\"z\" . ~more"},
    {"over the end of a body", LEN(9) "ab", 8, LEN(1) "z", MT_HTTP1_GAP_ENDED,
     7, LENLOG(9) "\"ab\" . " LENLOG(1) "\"z\" . ~more"},
    {"over the end, into a body", LEN(9) "ab", 100, "xx\r\n" LEN(1) "z",
     MT_HTTP1_GAP_ENDED, 7, LENLOG(9) "\"ab\" . " LENLOG(1) "\"z\" . ~more"},
    {"of unknown size", LEN(9) "ab", UINT64_MAX, LEN(1) "z", MT_HTTP1_GAP_ENDED,
     7, LENLOG(9) "\"ab\" . " LENLOG(1) "\"z\" . ~more"},
    {"in a header", OK "X: y", 4, "zz\r\n\r\n" LEN(1) "z", MT_HTTP1_GAP_LOST, 0,
     "<200 OK " LENLOG(1) "\"z\" . ~more"},
    {"between messages", LEN(1) "z", 4, "zz\r\n\r\n" LEN(1) "z",
     MT_HTTP1_GAP_LOST, 0, LENLOG(1) "\"z\" . " LENLOG(1) "\"z\" . ~more"},
    {"in a chunk", CHUNKS "5\r\na", 3, "e\r\n0\r\n\r\n", MT_HTTP1_GAP_INSIDE, 3,
     CHUNKSLOG "(5) \"ae\" (0) . ~more"},
    {"to the end of a chunk", CHUNKS "5\r\na", 4, "\r\n0\r\n\r\n",
     MT_HTTP1_GAP_INSIDE, 4, CHUNKSLOG "(5) \"a\" (0) . ~more"},
    {"over the end of a chunk", CHUNKS "5\r\na", 5, "\n0\r\n\r\n" LEN(1) "z",
     MT_HTTP1_GAP_LOST, 4, CHUNKSLOG "(5) \"a\" " LENLOG(1) "\"z\" . ~more"},
    {"until close", OK "\r\nab", 5, LEN(1), MT_HTTP1_GAP_INSIDE, 5,
     "<200 OK {close keep} \"abHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n\" "
     "~more"},
    {"status line with faults is passed over", LEN(1) "z", 9,
     "HTTP/1.1 200\r\nX: y\r\n\r\n" LEN(1) "z", MT_HTTP1_GAP_LOST, 0,
     LENLOG(1) "\"z\" . " LENLOG(1) "\"z\" . ~more"},
    {"status line after LF alone is passed over", LEN(1) "z", 9,
     "zz\nHTTP/1.1 500 X\r\nX: y\r\n" LEN(1) "z", MT_HTTP1_GAP_LOST, 0,
     LENLOG(1) "\"z\" . " LENLOG(1) "\"z\" . ~more"},
    {"status line in text is passed over", LEN(1) "z", 9,
     "see HTTP/1.1 200 OK\nHTTP/1.1 200 OK\nX: y\r\n" LEN(1) "z",
     MT_HTTP1_GAP_LOST, 0, LENLOG(1) "\"z\" . " LENLOG(1) "\"z\" . ~more"},
};

static void test_gaps(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof gaps / sizeof gaps[0]; i++) {
        const struct gap_row *g = &gaps[i];
        struct run r;
        struct vector v = {.name = g->name, .side = MT_HTTP1_RESPONSES};
        uint64_t body = 0;
        start(&r, &v, &mt_http1_lenient);
        feed(&r, g->before, strlen(g->before));
        assert_int_equal(r.rc, MT_MORE);
        assert_int_equal(mt_http1_gap(&r.p, g->gap, &body), g->verdict);
        assert_int_equal(body, g->body);
        feed(&r, g->after, strlen(g->after));
        finish(&r, &v, g->log, MT_SPAN(""));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_whole),
        cmocka_unit_test(test_bytewise),
        cmocka_unit_test(test_every_cut),
        cmocka_unit_test(test_answer_to_unknown_head),
        cmocka_unit_test(test_error_is_sticky),
        cmocka_unit_test(test_lines_are_bounded),
        cmocka_unit_test(test_long_target),
        cmocka_unit_test(test_overhead_is_bounded),
        cmocka_unit_test(test_no_memory),
        cmocka_unit_test(test_eof),
        cmocka_unit_test(test_gaps),
    };
    return cmocka_run_group_tests_name("decode/http1", tests, NULL, NULL);
}

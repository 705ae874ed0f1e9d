/* Filters of every field, alone and combined, that some of the exchanges of
 * some_exchange.h pass. */
#ifndef MT_TESTS_STORE_SOME_FILTER_H
#define MT_TESTS_STORE_SOME_FILTER_H

#include "base/buf.h"
#include "some_exchange.h"

static const char *const some_atoms[] = {
    "status=5xx",
    "status!=5xx",
    "status>=404",
    "status<404",
    "status=200..404",
    "status in (204, 5xx)",
    "status not in (204, 404)",
    "status=*",
    "grpc=UNAVAILABLE",
    "grpc!=0",
    "grpc>0",
    "lat>250ms",
    "lat<=100ms",
    "dur=0..200ms",
    "ttfb>1ms",
    "ttfb!=*",
    "size>=2kB",
    "req_size=1000",
    "method=get",
    "method!=POST",
    "method in (PUT, post)",
    "path=/cart/*",
    "path=/a*b",
    "path~^/api",
    "path!~8812$",
    "path=\"\"",
    "path!=\"\"",
    "path~\"\\xff\"",
    "host=cart",
    "host!=cart",
    "host=CART:8080",
    "host~^api",
    "host=*com",
    "query=*",
    "route=\"/cart/{id}\"",
    "op=*Charge",
    "ua~^curl",
    "ua=\"Mozilla \\\"5\\\"\"",
    "type=text/html",
    "req_type!=application/json",
    "message=\"deadline exceeded\"",
    "request_id=req-1",
    "proto=h2",
    "proto=http/*",
    "proto in (grpc, tls)",
    "kind!=unary",
    "outcome=failure",
    "outcome in (ok, client_error)",
    "error=timeout",
    "error=\"\"",
    "error!=\"\"",
    "error=*",
    "error~^reset",
    "half=request",
    "observer=tap",
    "quality=midstream",
    "quality!=inferred,truncated",
    "anomaly=bare_lf",
    "src=10.0.0.0/8",
    "src!=10.0.0.0/8",
    "src=::/0",
    "src=frontend",
    "dst=2001:db8::/32",
    "dst=fe80::/10,192.168.0.9",
    "dst=0.0.0.0/0",
    "dst=10.0.0.1:80",
    "svc=pay*",
    "port=8080",
    "client_port in (80, 42312)",
    "trace=4b",
    "trace=4b0",
    "trace!=*",
    "span=0000000000000002",
    "conn=1,3",
    "stream>2",
    "attempt=0",
    "endpoint=*",
    "tls=1.3",
    "tls!=1.2",
    "sni=API.example.com",
    "alpn=h2",
    "gap>0",
    "dup=0",
    "req_messages>1",
    "id<100",
    "last 5m",
    "time<12:00",
    "time=11:58..12:01",
    "cart",
    "\"/api\"",
    "EXAMPLE",
};

static inline void some_filter(uint64_t *seed, unsigned depth, struct mt_buf *b)
{
    uint64_t what = some_next(seed) % (depth > 3 ? 4 : 10);
    if (what < 4) {
        mt_put_str(b, SOME_PICK(seed, some_atoms));
        return;
    }
    if (what == 4) {
        mt_put_str(b, "not (");
        some_filter(seed, depth + 1, b);
        mt_put_str(b, ")");
        return;
    }
    static const char *const joints[] = {" and ", " or ", " ", " and not "};
    bool group = what > 7;
    mt_put_str(b, group ? "(" : "");
    some_filter(seed, depth + 1, b);
    mt_put_str(b, SOME_PICK(seed, joints));
    some_filter(seed, depth + 1, b);
    mt_put_str(b, group ? ")" : "");
}

#endif

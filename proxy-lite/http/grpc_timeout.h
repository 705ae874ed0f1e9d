/**
 * grpc_timeout.h - how long a gRPC client waits: `grpc-timeout: 250m`, at most
 * eight digits and a unit, of
 * https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md.
 */
#ifndef MT_PROXY_LITE_HTTP_GRPC_TIMEOUT_H
#define MT_PROXY_LITE_HTTP_GRPC_TIMEOUT_H

#include "base/span.h"

/* In ns, at most ten years; MT_GRPC_TIMEOUT_NONE: it is no time-out. */
int64_t mt_grpc_timeout(struct mt_span value);

#define MT_GRPC_TIMEOUT_NONE INT64_C(-1)

#endif

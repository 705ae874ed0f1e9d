#include "decode/decoder.h"

#include <stddef.h>

const struct mt_decoder *const mt_decoders[] = {
    &mt_proxy_protocol_decoder,
    &mt_tls_decoder,
    &mt_http2_decoder,
    &mt_http1_decoder,
    &mt_dns_decoder, /* over TCP */
    NULL,
};

const struct mt_decoder *const mt_datagram_decoders[] = {
    &mt_dns_decoder,
    NULL,
};

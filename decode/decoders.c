#include "decode/decoder.h"

#include <stddef.h>

const struct mt_decoder *const mt_decoders[] = {
    &mt_proxy_protocol_decoder,
    &mt_tls_decoder,
    /* add a row here as its decoder lands:
     * &mt_http2_decoder, before HTTP/1 */
    &mt_http1_decoder,
    NULL,
};

/**
 * names_host.h - is this text a host name? For the names, and for who stores
 * one that was told.
 */
#ifndef MT_CAPTURE_NAMES_HOST_H
#define MT_CAPTURE_NAMES_HOST_H

#include "base/span.h"
#include "capture/names_file.h"

/**
 * The host of `host`, `host:port`, in lower case and without a last dot, in
 * out. Empty where it names nobody: an IP address, localhost, or no labels of
 * letters, digits, '-' and '_' (RFC 1123; Punycode stays as it is).
 */
struct mt_span mt_names_host(struct mt_span authority,
                             uint8_t out[MT_NAME_MAX_BYTES]);

#endif

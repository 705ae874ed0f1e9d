/* dns_detect.h - is it DNS? Private to the DNS decoder. */
#ifndef MT_DECODE_DNS_DETECT_H
#define MT_DECODE_DNS_DETECT_H

#include "decode/decoder.h"

struct mt_verdict mt_dns_detect(const struct mt_probe *p);

#endif

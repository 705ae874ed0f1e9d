/**
 * own_addresses.h - the addresses of this machine, in this network namespace.
 *
 *     struct mt_own_addresses own;
 *     mt_own_addresses_read(&own);      // before privileges are dropped
 *     if (mt_own_addresses_have(&own, addr.ip))
 *         one of our processes has it;
 *
 * As they are when they are read: what is added later is not among them, and
 * is taken for another machine's.
 */
#ifndef MT_CAPTURE_OWN_ADDRESSES_H
#define MT_CAPTURE_OWN_ADDRESSES_H

#include <stdbool.h>
#include <stdint.h>

enum { MT_OWN_ADDRESSES_MAX = 256 };

struct mt_own_addresses {
    uint32_t count;
    uint8_t ip[MT_OWN_ADDRESSES_MAX][16]; /* as in struct mt_addr */
};

/* Where the kernel does not tell them there are none. */
void mt_own_addresses_read(struct mt_own_addresses *own);

bool mt_own_addresses_have(const struct mt_own_addresses *own,
                           const uint8_t ip[16]);

#endif

/**
 * ring_name.h - names of the files of a packet ring: they sort by age, and
 * tell that a file is the ring's to delete.
 *
 *     meshtop-20261126T152108Z-00000001.pcapng
 */
#ifndef MT_CAPTURE_RING_NAME_H
#define MT_CAPTURE_RING_NAME_H

#include <stdbool.h>
#include <stdint.h>

enum { MT_RING_NAME_BYTES = 48, MT_RING_NUMBERS = 100000000 };

/* started_ns: when the ring was opened, Unix time. number < MT_RING_NUMBERS. */
void mt_ring_name(char name[MT_RING_NAME_BYTES], int64_t started_ns,
                  uint32_t number);

bool mt_ring_name_is(const char *name);

/* When the ring of a file that is so named was opened, in whole seconds. */
int64_t mt_ring_name_started_ns(const char *name);

#endif

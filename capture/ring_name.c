#include "capture/ring_name.h"

#include <ctype.h>
#include <stdio.h>
#include <time.h>

void mt_ring_name(char name[MT_RING_NAME_BYTES], int64_t started_ns,
                  uint32_t number)
{
    time_t s = (time_t)(started_ns / 1000000000);
    struct tm t = {0};
    char stamp[20];
    (void)gmtime_r(&s, &t);
    if (strftime(stamp, sizeof stamp, "%Y%m%dT%H%M%SZ", &t) == 0)
        stamp[0] = '\0';
    (void)snprintf(name, MT_RING_NAME_BYTES, "meshtop-%s-%06u.pcapng", stamp,
                   number % MT_RING_NUMBERS);
}

bool mt_ring_name_is(const char *name)
{
    static const char shape[] = "meshtop-00000000T000000Z-000000.pcapng";
    for (size_t i = 0; i < sizeof shape; i++) {
        bool digit = shape[i] == '0';
        if (digit ? !isdigit((unsigned char)name[i]) : name[i] != shape[i])
            return false;
    }
    return true;
}

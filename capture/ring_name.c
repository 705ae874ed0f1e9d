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
    (void)snprintf(name, MT_RING_NAME_BYTES, "meshtop-%s-%08u.pcapng", stamp,
                   number % MT_RING_NUMBERS);
}

bool mt_ring_name_is(const char *name)
{
    static const char shape[] = "meshtop-00000000T000000Z-00000000.pcapng";
    for (size_t i = 0; i < sizeof shape; i++) {
        bool digit = shape[i] == '0';
        if (digit ? !isdigit((unsigned char)name[i]) : name[i] != shape[i])
            return false;
    }
    return true;
}

int64_t mt_ring_name_started_ns(const char *name)
{
    struct tm t = {0};
    if (sscanf(name, "meshtop-%4d%2d%2dT%2d%2d%2dZ", &t.tm_year, &t.tm_mon,
               &t.tm_mday, &t.tm_hour, &t.tm_min, &t.tm_sec) != 6)
        return 0;
    t.tm_year -= 1900;
    t.tm_mon--;
    return (int64_t)timegm(&t) * 1000000000;
}

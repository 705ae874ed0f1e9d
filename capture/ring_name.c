#include "capture/ring_name.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
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

/* n digits of a name of the ring's. */
static int number_at(const char *digits, size_t n)
{
    int v = 0;
    for (size_t i = 0; i < n; i++)
        v = v * 10 + (digits[i] - '0');
    return v;
}

int64_t mt_ring_name_started_ns(const char *name)
{
    if (!mt_ring_name_is(name))
        return 0;
    const char *stamp = name + strlen("meshtop-");
    struct tm t = {.tm_year = number_at(stamp, 4) - 1900,
                   .tm_mon = number_at(stamp + 4, 2) - 1,
                   .tm_mday = number_at(stamp + 6, 2),
                   .tm_hour = number_at(stamp + 9, 2),
                   .tm_min = number_at(stamp + 11, 2),
                   .tm_sec = number_at(stamp + 13, 2)};
    return (int64_t)timegm(&t) * 1000000000;
}

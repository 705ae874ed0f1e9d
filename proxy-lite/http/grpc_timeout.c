#include "proxy-lite/http/grpc_timeout.h"

enum { DIGITS_MAX = 8 };

#define TEN_YEARS_NS (INT64_C(3650) * 24 * 3600 * 1000000000)

static int64_t unit_ns(uint8_t unit)
{
    switch (unit) {
    case 'H':
        return INT64_C(3600000000000);
    case 'M':
        return INT64_C(60000000000);
    case 'S':
        return 1000000000;
    case 'm':
        return 1000000;
    case 'u':
        return 1000;
    case 'n':
        return 1;
    default:
        return 0;
    }
}

int64_t mt_grpc_timeout(struct mt_span value)
{
    int64_t n = 0;
    if (value.len < 2 || value.len > DIGITS_MAX + 1)
        return MT_GRPC_TIMEOUT_NONE;
    int64_t unit = unit_ns(value.ptr[value.len - 1]);
    for (size_t i = 0; i + 1 < value.len; i++) {
        if (value.ptr[i] < '0' || value.ptr[i] > '9')
            return MT_GRPC_TIMEOUT_NONE;
        n = n * 10 + (value.ptr[i] - '0');
    }
    if (unit == 0)
        return MT_GRPC_TIMEOUT_NONE;
    return n < TEN_YEARS_NS / unit ? n * unit : TEN_YEARS_NS;
}

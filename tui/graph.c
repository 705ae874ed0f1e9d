#include "tui/graph.h"

enum { LEVELS = 8 };

void mt_put_graph(struct mt_buf *b, const double *values, size_t count)
{
    static const char *const blocks[LEVELS] = {
        "\xe2\x96\x81", "\xe2\x96\x82", "\xe2\x96\x83", "\xe2\x96\x84",
        "\xe2\x96\x85", "\xe2\x96\x86", "\xe2\x96\x87", "\xe2\x96\x88"};
    double most = 0;
    for (size_t i = 0; i < count; i++)
        most = values[i] > most ? values[i] : most;
    for (size_t i = 0; i < count; i++) {
        if (!(values[i] > 0)) {
            mt_put_char(b, ' ');
            continue;
        }
        int level = (int)(values[i] / most * LEVELS);
        level = level >= LEVELS ? LEVELS - 1 : level;
        mt_put_str(b, blocks[level]);
    }
}

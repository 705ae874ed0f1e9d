/* Properties: whatever is pressed, clicked, answered and however the terminal
 * is resized, the canvas is sound, and drawing twice shows the same. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tests/tui/some_snapshot.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool ok)
{
    if (!ok)
        abort();
}

static void draw(struct mt_dashboard *d, size_t columns, size_t rows)
{
    struct mt_canvas a, b;
    check(mt_canvas_init(&a, columns, rows) == 0);
    check(mt_canvas_init(&b, columns, rows) == 0);
    mt_dashboard_draw(d, &a, 0);
    mt_dashboard_draw(d, &b, 0);
    check(canvas_is_sound(&a));
    check(memcmp(a.cells, b.cells, columns * rows * sizeof *a.cells) == 0);
    mt_canvas_deinit(&a);
    mt_canvas_deinit(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct dice dice = {.bytes = data, .left = size};
    const struct mt_dashboard_config config = {
        .source = "trace.pcapng", .ascii = size & 1, .span_ns = 1000000000};
    struct mt_dashboard *d;
    struct mt_request request;
    check(mt_dashboard_new(&d, &config) == 0);
    for (int64_t now = 0; dice.left > 0; now += 1000000000) {
        switch (roll(&dice, 8)) {
        case 0:
            if (mt_dashboard_request(d, now, now, &request))
                (void)mt_dashboard_answer(d, some_snapshot(&dice, &request),
                                          now);
            break;
        case 1:
            (void)mt_dashboard_click(d, roll(&dice, 100), roll(&dice, 40));
            break;
        case 2:
            draw(d, 1 + roll(&dice, 130), 1 + roll(&dice, 50));
            break;
        default:
            (void)mt_dashboard_key(d, some_key(&dice));
        }
    }
    draw(d, 80, 24);
    mt_dashboard_free(d);
    return 0;
}

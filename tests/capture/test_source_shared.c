/* Captures of other projects, where they are at hand: as many packets as
 * tshark counts, and any cut of any file is read without harm. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "build.h"
#include "capture/layers.h"
#include "memory_input.h"

#define CAPTURES MT_SHARED_DATA "/captures/"

enum { SKIPPED = 77, COLUMN_PACKETS = 9, LINE_BYTES = 16384 };

/* Where another count is right. */
static const struct {
    const char *ending; /* of the file's name */
    unsigned packets;
    const char *why;
} exceptions[] = {
    {"/be/test102.pcapng", 5, "tshark counts three custom blocks as packets"},
    {"/le/test102.pcapng", 5, "tshark counts three custom blocks as packets"},
    {"/tests/kday6.pcap", 1, "tshark refuses its link type, 182 (MFR)"},
};

struct count {
    unsigned long packets, segments, files;
    unsigned long touched; /* so that every byte is read */
};

static struct mt_span read_file(const char *path)
{
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    assert_int_equal(fseek(f, 0, SEEK_END), 0);
    long size = ftell(f);
    assert_true(size >= 0);
    rewind(f);
    uint8_t *copy = malloc(size > 0 ? (size_t)size : 1);
    assert_non_null(copy);
    assert_int_equal(fread(copy, 1, (size_t)size, f), size);
    (void)fclose(f);
    return (struct mt_span){copy, (size_t)size};
}

/* Sums all bytes of a payload, so that a bad span is seen. */
static unsigned touch(struct mt_span s)
{
    unsigned sum = 0;
    for (size_t i = 0; i < s.len; i++)
        sum += s.ptr[i];
    return sum;
}

static void count_items(struct mt_source *s, struct count *n)
{
    struct mt_pool pool;
    struct mt_layers layers;
    struct mt_segment seg;
    struct mt_item item;
    unsigned sum = 0;
    mt_pool_init(&pool, 16u << 20);
    mt_layers_init(&layers, &pool);
    while (mt_source_next(s, &item) == MT_EVENT) {
        if (item.kind != MT_ITEM_PACKET)
            continue;
        n->packets++;
        if (mt_layers_next(&layers, &item.packet, &seg) != MT_EVENT)
            continue;
        assert_true(seg.payload.len <= seg.payload_bytes);
        sum += touch(seg.payload);
        n->segments++;
    }
    n->touched += sum;
    mt_layers_deinit(&layers);
    mt_pool_deinit(&pool);
}

static void count_bytes(struct mt_span file, struct count *n)
{
    struct memory_input m = {file, 0, SIZE_MAX, SIZE_MAX};
    struct mt_source_options options = {.follow = false};
    struct mt_problem why;
    struct mt_source *s;
    if (mt_source_open_input(&s, memory_input(&m), "t", &options, &why) < 0)
        return;
    count_items(s, n);
    mt_source_free(s);
}

/* Five cuts of each file, each a copy of its own size. */
static void read_cuts(struct mt_span file, unsigned long whole)
{
    static uint32_t seed = 1;
    for (int i = 0; i < 5; i++) {
        seed = seed * 1103515245 + 12345;
        size_t cut = file.len > 0 ? seed % file.len : 0;
        uint8_t *copy = malloc(cut > 0 ? cut : 1);
        struct count n = {.packets = 0};
        assert_non_null(copy);
        memcpy(copy, file.ptr, cut);
        count_bytes((struct mt_span){copy, cut}, &n);
        assert_true(n.packets <= whole);
        free(copy);
    }
}

static bool ends_in(const char *name, const char *ending)
{
    size_t n = strlen(name), k = strlen(ending);
    return n >= k && strcmp(name + n - k, ending) == 0;
}

static unsigned long expected(const char *name, const char *column)
{
    for (size_t i = 0; i < sizeof exceptions / sizeof exceptions[0]; i++)
        if (ends_in(name, exceptions[i].ending))
            return exceptions[i].packets;
    return strtoul(column, NULL, 10);
}

/* One line of README.tsv: the file's name, ..., the count of packets. */
static bool split(char *line, char **name, char **column)
{
    char *rest = line;
    *name = strsep(&rest, "\t");
    *column = NULL;
    for (int i = 1; i <= COLUMN_PACKETS && rest != NULL; i++)
        *column = strsep(&rest, "\t");
    return rest != NULL && *column != NULL;
}

static unsigned check_file(const char *name, const char *column,
                           struct count *all)
{
    char path[4096];
    (void)snprintf(path, sizeof path, CAPTURES "%s", name);
    struct mt_span file = read_file(path);
    struct count n = {.packets = 0};
    count_bytes(file, &n);
    read_cuts(file, n.packets);
    free_span(file);
    all->files++;
    all->packets += n.packets;
    all->segments += n.segments;
    if (n.packets == expected(name, column))
        return 0;
    (void)printf("%s: %lu packets, not %s\n", name, n.packets, column);
    return 1;
}

static void test_counts(void **state)
{
    FILE *list = *state;
    static char line[LINE_BYTES];
    struct count all = {.packets = 0};
    unsigned wrong = 0;
    char *name, *column;
    assert_non_null(fgets(line, sizeof line, list)); /* the titles */
    while (fgets(line, sizeof line, list) != NULL)
        if (split(line, &name, &column))
            wrong += check_file(name, column, &all);
    (void)printf("%lu files, %lu packets, %lu segments\n", all.files,
                 all.packets, all.segments);
    assert_int_equal(wrong, 0);
    assert_true(all.files > 0);
}

int main(void)
{
    FILE *list = fopen(CAPTURES "README.tsv", "r");
    if (list == NULL) {
        (void)printf("skipped: no captures at " CAPTURES "\n");
        return SKIPPED;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_prestate(test_counts, list),
    };
    int rc =
        cmocka_run_group_tests_name("capture/source_shared", tests, NULL, NULL);
    (void)fclose(list);
    return rc;
}

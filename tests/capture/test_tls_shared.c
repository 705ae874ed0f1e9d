/* TLS in captures of other projects, where they are at hand: as many
 * connections with a ClientHello, and the same server names, as tshark sees. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "capture/packet.h"
#include "capture/tap.h"

#define CAPTURES MT_SHARED_DATA "/captures/"

enum {
    SKIPPED = 77,
    COLUMN_CLIENT_HELLOS = 18,
    COLUMN_QUIC_HELLOS = 20,
    COLUMN_NAMES = 40,
    COLUMNS = 42,
    LINE_BYTES = 16384,
    NAMES_BYTES = 8192,
};

/* Where another count is right. */
static const struct {
    const char *ending; /* of the file's name */
    unsigned hellos;
    const char *why;
} exceptions[] = {
    {"/bug-5758/input.pcap", 1, "two hellos around a HelloRetryRequest"},
    {"/tls13_draft22.pcap", 1, "two hellos around a HelloRetryRequest"},
};

/* What the rows of one capture say. */
struct seen {
    unsigned hellos;
    char names[NAMES_BYTES]; /* each different one, with '|' before and after */
};

static void add_name(struct seen *s, struct mt_span name)
{
    char key[300];
    (void)snprintf(key, sizeof key, "|%.*s|", (int)name.len,
                   (const char *)name.ptr);
    size_t n = strlen(s->names);
    if (name.len == 0 || strstr(s->names, key) != NULL)
        return;
    (void)snprintf(s->names + n, sizeof s->names - n, "%s", key + (n > 0));
}

/* Joined after its hello, or only the server's was captured. */
static bool has_no_hello(const struct mt_exchange *x)
{
    return x->half == MT_HALF_RESPONSE ||
           ((x->quality & MT_QUALITY_MIDSTREAM) != 0 &&
            x->role_evidence != MT_ROLE_BY_PROTOCOL);
}

static void take_rows(struct mt_tap *tap, struct seen *s)
{
    const struct mt_exchange *x;
    while ((x = mt_tap_next(tap)) != NULL) {
        if (x->protocol != MT_PROTOCOL_TLS || x->kind != MT_KIND_L4 ||
            has_no_hello(x))
            continue;
        s->hellos++;
        add_name(s, x->tls->sni);
    }
}

static bool read_capture(const char *path, struct seen *s)
{
    struct mt_source *source;
    struct mt_problem why;
    struct mt_source_options options = {.follow = false};
    struct mt_item item;
    *s = (struct seen){.hellos = 0};
    if (mt_source_open_file(&source, path, &options, &why) < 0)
        return false;
    struct mt_tap *tap = mt_tap_new(&(struct mt_tap_config){.hash_seed = 1});
    assert_non_null(tap);
    while (mt_source_next(source, &item) == MT_EVENT) {
        if (item.kind == MT_ITEM_PACKET)
            mt_tap_packet(tap, &item.packet);
        take_rows(tap, s);
    }
    mt_tap_end(tap);
    take_rows(tap, s);
    mt_tap_free(tap);
    mt_source_free(source);
    return true;
}

static unsigned long expected(const char *file, unsigned long hellos)
{
    for (size_t i = 0; i < sizeof exceptions / sizeof exceptions[0]; i++) {
        size_t n = strlen(file), m = strlen(exceptions[i].ending);
        if (n >= m && strcmp(file + n - m, exceptions[i].ending) == 0)
            return exceptions[i].hellos;
    }
    return hellos;
}

/* Every name of tshark's list, and no other. */
static bool same_names(const struct seen *s, char *list)
{
    struct seen want = {.hellos = 0};
    for (char *name = strtok(list, "|"); name != NULL; name = strtok(NULL, "|"))
        add_name(&want, mt_span_str(name));
    if (strlen(want.names) != strlen(s->names))
        return false;
    for (char *name = strtok(want.names, "|"); name != NULL;
         name = strtok(NULL, "|")) {
        char key[300];
        (void)snprintf(key, sizeof key, "|%s|", name);
        if (strstr(s->names, key) == NULL)
            return false;
    }
    return true;
}

static unsigned split(char *line, char *column[COLUMNS])
{
    unsigned n = 0;
    line[strcspn(line, "\n")] = '\0';
    while (n < COLUMNS && line != NULL) {
        column[n++] = line;
        line = strchr(line, '\t');
        if (line != NULL)
            *line++ = '\0';
    }
    return n;
}

/* Returns whether the capture is as tshark says. */
static bool check_capture(char *column[COLUMNS])
{
    char path[1024];
    struct seen s;
    unsigned long hellos = strtoul(column[COLUMN_CLIENT_HELLOS], NULL, 10);
    unsigned long quic = strtoul(column[COLUMN_QUIC_HELLOS], NULL, 10);
    (void)snprintf(path, sizeof path, CAPTURES "%s", column[0]);
    if (!read_capture(path, &s))
        return true; /* test_source_shared looks at those */
    bool good = s.hellos == expected(column[0], hellos - quic) &&
                (quic > 0 || same_names(&s, column[COLUMN_NAMES]));
    if (!good)
        printf("%s: %lu hellos (%lu of QUIC) by tshark, %u connections, "
               "names %s\n",
               column[0], hellos, quic, s.hellos, s.names);
    return good;
}

static void test_hellos_and_names(void **state)
{
    (void)state;
    char line[LINE_BYTES];
    char *column[COLUMNS];
    unsigned checked = 0, wrong = 0;
    FILE *table = fopen(CAPTURES "README.tsv", "r");
    if (table == NULL)
        skip();
    assert_non_null(fgets(line, sizeof line, table));
    while (fgets(line, sizeof line, table) != NULL) {
        if (split(line, column) != COLUMNS)
            continue;
        checked++;
        wrong += !check_capture(column);
    }
    (void)fclose(table);
    printf("%u captures compared\n", checked);
    assert_int_equal(wrong, 0);
}

int main(void)
{
    FILE *table = fopen(CAPTURES "README.tsv", "r");
    if (table == NULL) {
        printf("skipped: no captures at " CAPTURES "\n");
        return SKIPPED;
    }
    (void)fclose(table);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hellos_and_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

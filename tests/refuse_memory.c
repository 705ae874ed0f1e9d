#include "tests/refuse_memory.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdatomic.h>

/* NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp): the
 * names that ld --wrap wants */
void *__real_malloc(size_t n);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t n);
void *__real_reallocarray(void *p, size_t n, size_t size);
char *__real_strdup(const char *s);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t n);
void *__wrap_reallocarray(void *p, size_t n, size_t size);
char *__wrap_strdup(const char *s);
/* NOLINTEND(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp) */

enum { CALLS_MAX = 1 << 20 }; /* a run that asks for more has no end */

static atomic_bool armed, paused, refused;
static atomic_int kind; /* enum refuse */
static atomic_int calls_left;
static _Thread_local bool here;

static bool refuse(void)
{
    if (!atomic_load(&armed) || atomic_load(&paused))
        return false;
    int which = atomic_load(&kind);
    if (which == REFUSE_ONE_HERE && !here)
        return false;
    int left = atomic_fetch_sub(&calls_left, 1);
    bool now = which == REFUSE_ALL_AFTER ? left <= 0 : left == 0;
    if (now)
        atomic_store(&refused, true);
    return now;
}

void *__wrap_malloc(size_t n)
{
    return refuse() ? NULL : __real_malloc(n);
}

void *__wrap_calloc(size_t n, size_t size)
{
    return refuse() ? NULL : __real_calloc(n, size);
}

void *__wrap_realloc(void *p, size_t n)
{
    return refuse() ? NULL : __real_realloc(p, n);
}

void *__wrap_reallocarray(void *p, size_t n, size_t size)
{
    return refuse() ? NULL : __real_reallocarray(p, n, size);
}

char *__wrap_strdup(const char *s)
{
    return refuse() ? NULL : __real_strdup(s);
}

void refuse_memory(unsigned i, enum refuse which)
{
    here = true;
    atomic_store(&calls_left, (int)i);
    atomic_store(&kind, (int)which);
    atomic_store(&paused, false);
    atomic_store(&refused, false);
    atomic_store(&armed, true);
}

void give_memory(void)
{
    atomic_store(&armed, false);
    here = false;
}

void pause_refusals(bool pause)
{
    atomic_store(&paused, pause);
}

bool memory_was_refused(void)
{
    return atomic_load(&refused);
}

unsigned refuse_each(void (*run)(void), enum refuse which, unsigned first,
                     unsigned step)
{
    unsigned runs = 0;
    for (unsigned i = 0; runs == 0 || memory_was_refused(); runs++) {
        refuse_memory(i, which);
        i += i < first ? 1 : step;
        assert_true(i < CALLS_MAX);
        run();
        give_memory();
    }
    assert_true(runs > 1);
    return runs;
}

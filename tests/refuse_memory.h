/* The system has no memory at the i-th call: who links refuse_memory gets all
 * of malloc, calloc, realloc, reallocarray and strdup, called from our code or
 * the test's, through refusals that the test asks for.
 *
 *     static void run(void)
 *     {
 *         struct mt_thing *t = mt_thing_new();
 *         assert_true(t != NULL || memory_was_refused());
 *         mt_thing_free(t);
 *     }
 *     (void)refuse_each(run, REFUSE_ONE, 0, 1);
 *
 * One refusal at a time in a process; a child has its parent's. */
#ifndef MT_TESTS_REFUSE_MEMORY_H
#define MT_TESTS_REFUSE_MEMORY_H

#include <stdbool.h>

enum refuse {
    REFUSE_ONE,       /* the i-th call, of whichever thread */
    REFUSE_ONE_HERE,  /* the i-th call of the thread that asks for it */
    REFUSE_ALL_AFTER, /* the i-th call and each one after it */
};

/* Of the calls from now on the i-th is refused; 0 is the next. */
void refuse_memory(unsigned i, enum refuse which);

/* All calls have their memory again. */
void give_memory(void);

/* For what is not to fail meanwhile: calls have their memory, and are not
 * counted, until it is told to go on. */
void pause_refusals(bool pause);

/* Whether a call was refused since refuse_memory(). */
bool memory_was_refused(void);

/* Runs it with the i-th call refused until none was: every one of the first,
 * then every step-th, where calls are all alike. Asserts that it asks for
 * memory; returns how often it was run. */
unsigned refuse_each(void (*run)(void), enum refuse which, unsigned first,
                     unsigned step);

#endif

#include "cli/signals.h"

#include <signal.h>
#include <stddef.h>

static volatile sig_atomic_t came;

static void on_signal(int number)
{
    came = 1;
    (void)signal(number, SIG_DFL);
}

void mt_signals_catch(void)
{
    /* writes go on, or half a line would be lost; naps and poll() end */
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
    (void)sigemptyset(&action.sa_mask);
    (void)sigaction(SIGINT, &action, NULL);
    (void)sigaction(SIGTERM, &action, NULL);
}

bool mt_interrupted(void)
{
    return came != 0;
}

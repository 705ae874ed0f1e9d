/* meshtop: the program. Clock, terminal, signals and exit codes live here and
 * in the commands; everything below is told the time and says nothing. */
#include <locale.h>

#include "cli/options.h"
#include "cli/say.h"

int main(int argc, char **argv)
{
    struct mt_options o;
    bool done;

    (void)setlocale(LC_CTYPE, "");
    int rc = mt_options_parse(&o, argc, argv, &done);
    if (rc == MT_EXIT_OK && !done)
        rc = o.command->run(&o);
    if (fflush(stdout) != 0 || ferror(stdout)) {
        if (rc == MT_EXIT_OK) {
            mt_say("standard output", "cannot be written");
            rc = MT_EXIT_ERROR;
        }
    }
    mt_options_deinit(&o);
    return rc;
}

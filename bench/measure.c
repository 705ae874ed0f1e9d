/* measure COMMAND...: runs it, its output thrown away, and prints wall and CPU
 * seconds and its peak memory in KiB on standard error's last line. A small
 * program of its own, for a child's peak begins with that of who forked it. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double seconds(struct timeval t)
{
    return (double)t.tv_sec + (double)t.tv_usec / 1e6;
}

static double now(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
    if (argc < 2)
        return 2;
    double start = now();
    pid_t child = fork();
    if (child == 0) {
        int null = open("/dev/null", O_RDWR);
        (void)dup2(null, STDIN_FILENO);
        (void)dup2(null, STDOUT_FILENO);
        (void)execvp(argv[1], argv + 1);
        perror(argv[1]);
        _exit(127);
    }
    int status = 0;
    struct rusage used;
    if (child < 0 || wait4(child, &status, 0, &used) != child)
        return 1;
    (void)fprintf(stderr, "%.6f %.6f %ld\n", now() - start,
                  seconds(used.ru_utime) + seconds(used.ru_stime),
                  used.ru_maxrss);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

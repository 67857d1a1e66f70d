/* Runs a program by turns with a library preloaded and without, and says what it took: preload ROUNDS LIBRARY PROGRAM...
 *
 * A line with the medians of processor time and peak RSS of both, and the ratios. The first run of each is not counted. A
 * small program, as a child's peak RSS is at least that of its parent. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MOST = 99 };

static double times[2][MOST], peaks[2][MOST];

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *values, int count)
{
    qsort(values, (size_t)count, sizeof *values, ascending);
    return (values[(count - 1) / 2] + values[count / 2]) / 2;
}

static double seconds(struct timeval time)
{
    return (double)time.tv_sec + (double)time.tv_usec / 1e6;
}

static struct rusage run(const char *library, char **program)
{
    struct rusage usage;
    int status;
    pid_t child = fork();
    if (child == 0) {
        int nothing = open("/dev/null", O_RDWR);
        dup2(nothing, 0);
        dup2(nothing, 1);
        if (library != NULL) {
            setenv("LD_PRELOAD", library, 1);
        }
        execvp(program[0], program);
        _exit(127);
    }
    if (child < 0 || wait4(child, &status, 0, &usage) != child || status != 0) {
        fprintf(stderr, "%s: ended with %d\n", program[0], status);
        exit(1);
    }
    return usage;
}

int main(int argc, char **argv)
{
    int rounds = argc > 3 ? atoi(argv[1]) : 0;
    if (rounds < 1 || rounds > MOST) {
        fprintf(stderr, "usage: preload ROUNDS LIBRARY PROGRAM...\n");
        return 2;
    }
    for (int round = -1; round < rounds; round++) {
        for (int with = 0; with < 2; with++) {
            struct rusage usage = run(with ? argv[2] : NULL, argv + 3);
            if (round >= 0) {
                times[with][round] = seconds(usage.ru_utime) + seconds(usage.ru_stime);
                peaks[with][round] = (double)usage.ru_maxrss / 1024;
            }
        }
    }
    double usual = median(times[0], rounds), ours = median(times[1], rounds);
    double usual_peak = median(peaks[0], rounds), our_peak = median(peaks[1], rounds);
    printf("%8.3f s %8.1f MiB %8.3f s %8.1f MiB %9.2f %6.2f\n", usual, usual_peak, ours, our_peak, ours / usual,
           our_peak / usual_peak);
    return 0;
}

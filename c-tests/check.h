/* CHECK(fact): says which fact does not hold, and where, and ends the program. */
#ifndef CHECK_H
#define CHECK_H

#include <stdio.h>
#include <stdlib.h>

#define CHECK(fact) ((fact) ? (void)0 : check_failed_(#fact, __FILE__, __LINE__))

static void check_failed_(const char *fact, const char *file, int line)
{
    fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, fact);
    exit(1);
}

#endif

/* CHECK(fact): says which fact does not hold, and where, and ends the program.
 * FAILS(call, error): the call answers this negative errno. EMPTY(call): it gives NULL, 0 or false. Both say so on
 * standard output, by which tests/c_refusals.rs knows that every function of the library failed in front of a test. */
#ifndef CHECK_H
#define CHECK_H

#include <stdio.h>
#include <stdlib.h>

#define CHECK(fact) ((fact) ? (void)0 : check_failed_(#fact, __FILE__, __LINE__))
#define FAILS(call, error) (CHECK((error) < 0 && (call) == (error)), (void)puts("refused: " #call))
#define EMPTY(call) (CHECK(!(call)), (void)puts("refused: " #call))

static void check_failed_(const char *fact, const char *file, int line)
{
    fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, fact);
    exit(1);
}

#endif

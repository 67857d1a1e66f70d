/* sexpr [FILE]: reads s-expressions and prints the value of each, (+ 1 (* 2 3)) as 7. A parser as one would write it
 * over an arena: nodes and names are taken and never freed one by one, and a mark throws each expression away. */

#include "region.h"

#include <stdlib.h>
#include <string.h>

enum kind { NUMBER, SYMBOL, LIST, BROKEN };

struct node {
    enum kind kind;
    long number;          /* NUMBER */
    const char *text;     /* SYMBOL; BROKEN: what is wrong */
    struct node *first;   /* LIST */
    struct node *next;    /* the one behind it in its list */
};

struct reader {
    region_arena *arena;
    const char *at, *end;
    int depth;
};

static struct node *node(struct reader *r, enum kind kind, const char *text)
{
    struct node *n = region_new_zeroed(r->arena, struct node);
    if (n == NULL)
        exit(2);
    n->kind = kind;
    n->text = text;
    return n;
}

static void skip_space(struct reader *r)
{
    while (r->at < r->end && (*r->at == ' ' || *r->at == '\n' || *r->at == '\t' || *r->at == '\r'))
        r->at++;
}

static struct node *parse(struct reader *r)
{
    skip_space(r);
    if (r->at == r->end)
        return node(r, BROKEN, "the text ends within a list");
    if (*r->at == ')')
        return r->at++, node(r, BROKEN, "a parenthesis is closed that was not opened");
    if (*r->at == '(') {
        struct node *list = node(r, LIST, NULL), **tail = &list->first;
        r->at++;
        if (++r->depth > 1000)
            return node(r, BROKEN, "lists are too deep");
        for (;;) {
            skip_space(r);
            if (r->at < r->end && *r->at == ')')
                break;
            *tail = parse(r);
            if ((*tail)->kind == BROKEN)
                return *tail;
            tail = &(*tail)->next;
        }
        r->at++;
        r->depth--;
        return list;
    } else {
        const char *start = r->at;
        char *rest;
        struct node *atom;
        while (r->at < r->end && strchr(" \n\t\r()", *r->at) == NULL)
            r->at++;
        atom = node(r, SYMBOL, region_strndup(r->arena, start, (size_t)(r->at - start)));
        atom->number = strtol(atom->text, &rest, 10);
        if (*rest == '\0')
            atom->kind = NUMBER;
        return atom;
    }
}

/* The value of an expression; or false, and why in `wrong`. */
static bool value(const struct node *n, long *result, const char **wrong)
{
    const struct node *argument;
    char op;
    long operand;
    if (n->kind == NUMBER)
        return *result = n->number, true;
    if (n->kind != LIST || n->first == NULL || n->first->kind != SYMBOL || strchr("+-*", n->first->text[0]) == NULL)
        return *wrong = "not an operation", false;
    op = n->first->text[0];
    argument = n->first->next;
    if (argument == NULL)
        return *wrong = "an operation without operands", false;
    if (!value(argument, result, wrong))
        return false;
    if (op == '-' && argument->next == NULL)
        *result = -*result;
    while ((argument = argument->next) != NULL) {
        if (!value(argument, &operand, wrong))
            return false;
        *result = op == '+' ? *result + operand : op == '-' ? *result - operand : *result * operand;
    }
    return true;
}

int main(int argc, char **argv)
{
    region_arena arena = REGION_ARENA_INIT;
    region_input input = REGION_INPUT_INIT;
    struct reader r;
    int failures = 0;
    int error = argc > 1 ? region_input_open(&input, argv[1]) : region_input_from_fd(&input, 0);
    if (error != 0) {
        fprintf(stderr, "sexpr: %s\n", region_strerror(error));
        return 1;
    }
    r.arena = &arena;
    r.at = input.data;
    r.end = input.data + input.len;
    for (;;) {
        region_mark mark = region_arena_mark(&arena);
        struct node *n;
        const char *wrong;
        long result;
        skip_space(&r);
        if (r.at == r.end)
            break;
        r.depth = 0;
        n = parse(&r);
        wrong = n->text;
        if (n->kind != BROKEN && value(n, &result, &wrong)) {
            printf("%ld\n", result);
        } else {
            printf("error: %s\n", wrong);
            failures++;
        }
        region_arena_rewind(&arena, mark);
    }
    region_input_free(&input);
    region_arena_free(&arena);
    return failures != 0;
}

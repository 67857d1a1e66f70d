/* sort_lines [-z] [FILE]: sorts the lines of a file or of standard input, like sort(1) in the C locale, and says on
 * standard error how many lines, words and bytes there were, like wc(1). With -z a NUL ends each line, as it does the
 * names of `find -print0`.
 *
 * No malloc anywhere: the tests link it with a malloc that ends the process. So nothing is printed by stdio. */

#include "region.h"

#include <string.h>
#include <unistd.h>

static int write_all(int fd, const char *bytes, size_t size)
{
    while (size != 0) {
        ssize_t written = write(fd, bytes, size);
        if (written <= 0)
            return -1;
        bytes += written;
        size -= (size_t)written;
    }
    return 0;
}

static bool is_less(region_slice a, region_slice b)
{
    int order = memcmp(a.data, b.data, a.len < b.len ? a.len : b.len);
    return order != 0 ? order < 0 : a.len < b.len;
}

/* Merges runs of 1, 2, 4, ... lines from one table into the other, and gives the one that is sorted in the end. */
static region_slice *sort(region_slice *from, region_slice *to, size_t n)
{
    for (size_t run = 1; run < n; run *= 2) {
        region_slice *swap;
        for (size_t start = 0; start < n; start += 2 * run) {
            size_t left = start, mid = n - start < run ? n : start + run, right = mid;
            size_t end = n - mid < run ? n : mid + run;
            for (size_t at = start; at < end; at++)
                to[at] = right == end || (left < mid && !is_less(from[right], from[left])) ? from[left++] : from[right++];
        }
        swap = from;
        from = to;
        to = swap;
    }
    return from;
}

static size_t count_words(const region_input *input)
{
    size_t words = 0;
    bool inside = false;
    for (size_t i = 0; i < input->len; i++) {
        bool is_space = input->data[i] == ' ' || (input->data[i] >= '\t' && input->data[i] <= '\r');
        words += !is_space && !inside;
        inside = !is_space;
    }
    return words;
}

static void append_number(region_string *text, size_t number)
{
    if (number >= 10)
        append_number(text, number / 10);
    region_string_putc(text, (char)('0' + (int)(number % 10)));
}

int main(int argc, char **argv)
{
    region_arena arena = REGION_ARENA_INIT;
    region_string text = REGION_STRING_INIT(&arena);
    region_input input = REGION_INPUT_INIT;
    region_slice *table, *sorted;
    region_lines lines;
    size_t n, words;
    bool nul = argc > 1 && strcmp(argv[1], "-z") == 0;
    char end = nul ? '\0' : '\n', *path = argv[nul ? 2 : 1];
    int error = path != NULL ? region_input_open(&input, path) : region_input_from_fd(&input, 0);
    if (error != 0) {
        region_string_puts(&text, region_strerror(error));
        region_string_putc(&text, '\n');
        return write_all(2, text.data, text.len), 1;
    }

    region_lines_records(&lines, input.data, input.len, end);
    n = region_lines_count(&lines);
    table = region_new_array(&arena, region_slice, n);
    sorted = region_new_array(&arena, region_slice, n);
    if (table == NULL || sorted == NULL)
        return 2;
    for (size_t i = 0; i < n; i++)
        region_lines_next(&lines, &table[i]);
    sorted = sort(table, sorted, n);

    for (size_t i = 0; i < n; i++) {
        if (region_string_append(&text, sorted[i].data, sorted[i].len) != 0 || region_string_putc(&text, end) != 0)
            return 2;
    }
    if (text.len != 0 && write_all(1, text.data, text.len) != 0)
        return 1;

    words = count_words(&input);
    text.len = 0;
    append_number(&text, n);
    region_string_putc(&text, ' ');
    append_number(&text, words);
    region_string_putc(&text, ' ');
    append_number(&text, input.len);
    region_string_putc(&text, '\n');
    write_all(2, text.data, text.len);

    region_input_free(&input);
    region_arena_free(&arena);
    return 0;
}

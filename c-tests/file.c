/* A file edited in place: made, filled, opened again, changed in the middle, grown, cut; and what other readers see. */

#define _DEFAULT_SOURCE
#include "region.h"

#include "check.h"
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char path[] = "/tmp/region-file-XXXXXX";

/* What the file holds at an offset, by read(2) and not by this library. */
static int byte_at(size_t at)
{
    unsigned char byte = 0;
    int fd = open(path, O_RDONLY);
    CHECK(fd >= 0 && lseek(fd, (off_t)at, SEEK_SET) == (off_t)at);
    if (read(fd, &byte, 1) != 1) {
        close(fd);
        return -1;
    }
    close(fd);
    return byte;
}

static size_t size_of_file(void)
{
    struct stat status;
    CHECK(stat(path, &status) == 0);
    return (size_t)status.st_size;
}

/* Records of 8 bytes: a number, its complement. */
static void write_record(region_file *file, size_t number, uint32_t value)
{
    uint32_t record[2];
    record[0] = value;
    record[1] = ~value;
    CHECK((number + 1) * sizeof record <= file->len);
    memcpy((char *)file->base + number * sizeof record, record, sizeof record);
}

static uint32_t read_record(const region_file *file, size_t number)
{
    uint32_t record[2];
    CHECK((number + 1) * sizeof record <= file->len);
    memcpy(record, (const char *)file->base + number * sizeof record, sizeof record);
    CHECK(record[0] == ~record[1]);
    return record[0];
}

static void what_is_written_is_found_by_the_next_program(void)
{
    region_file file;
    CHECK(region_file_create(&file, path, 100000 * 8) == 0 && file.len == 800000 && size_of_file() == 800000);
    CHECK(((char *)file.base)[0] == 0 && ((char *)file.base)[799999] == 0);
    for (uint32_t i = 0; i < 100000; i++)
        write_record(&file, i, i);
    CHECK(byte_at(8 * 7) == 7); /* other readers see it before it is flushed */
    CHECK(region_file_flush(&file, 0, file.len) == 0 && region_file_free(&file) == 0);
    CHECK(file.base == NULL && file.len == 0 && region_file_free(&file) == 0);

    CHECK(region_file_open(&file, path, REGION_FILE_READ) == 0 && file.len == 800000);
    CHECK(region_file_advise(&file, 0, file.len, REGION_ADVICE_SEQUENTIAL) == 0);
    for (uint32_t i = 0; i < 100000; i++)
        CHECK(read_record(&file, i) == i);
    region_file_free(&file);
}

static void three_records_are_changed_where_they_are(void)
{
    region_file file;
    CHECK(region_file_open(&file, path, REGION_FILE_WRITE) == 0);
    write_record(&file, 3, 103);
    write_record(&file, 50000, 150000);
    write_record(&file, 99999, 199999);
    CHECK(region_file_flush(&file, 3 * 8, 8) == 0 && region_file_flush(&file, 799999, 1) == 0);
    CHECK(region_file_flush(&file, 50000 * 8, 0) == 0);
    region_file_free(&file);
    CHECK(byte_at(3 * 8) == 103 && byte_at(50000 * 8) == (150000 & 255) && size_of_file() == 800000);
}

static void a_file_grows_and_is_cut(void)
{
    region_file file;
    CHECK(region_file_open(&file, path, REGION_FILE_WRITE) == 0);
    CHECK(region_file_resize(&file, 64u << 20) == 0 && file.len == 64u << 20 && size_of_file() == 64u << 20);
    CHECK(read_record(&file, 50000) == 150000 && ((char *)file.base)[file.len - 1] == 0);
    ((char *)file.base)[file.len - 1] = 9;
    CHECK(byte_at(file.len - 1) == 9);
    CHECK(region_file_resize(&file, 80) == 0 && file.len == 80 && size_of_file() == 80);
    CHECK(read_record(&file, 9) == 9 && read_record(&file, 3) == 103);
    CHECK(region_file_resize(&file, 0) == -EINVAL && region_file_resize(&file, SIZE_MAX) == -EOVERFLOW);
    CHECK(region_file_resize(&file, SIZE_MAX / 2 - 4096) < 0 && file.len == 80 && read_record(&file, 9) == 9);
    CHECK(region_file_allocate(&file) == 0 || region_file_allocate(&file) == -EOPNOTSUPP);
    region_file_free(&file);
    CHECK(size_of_file() == 80);
}

static void a_private_copy_leaves_the_file_alone(void)
{
    region_file file;
    CHECK(region_file_open(&file, path, REGION_FILE_PRIVATE) == 0);
    write_record(&file, 3, 7);
    CHECK(read_record(&file, 3) == 7 && byte_at(3 * 8) == 103);
    CHECK(region_file_flush(&file, 0, file.len) == 0 && region_file_resize(&file, 1000) == -EINVAL);
    CHECK(read_record(&file, 3) == 7 && file.len == 80);
    region_file_free(&file);
    CHECK(byte_at(3 * 8) == 103 && size_of_file() == 80);
}

/* An arena in a file: blocks refer to each other by their offsets, as the file lies elsewhere the next time. */
static void a_list_is_built_in_a_file_and_found_again(void)
{
    struct node {
        size_t next;
        uint32_t value;
    };
    region_arena_options options = REGION_ARENA_OPTIONS;
    region_arena a;
    region_file file;
    size_t *first, at, sum = 0;
    CHECK(region_file_create(&file, path, 1 << 20) == 0);
    options.buffer = file.base;
    options.buffer_size = file.len;
    options.flags = REGION_ARENA_FIXED;
    CHECK(region_arena_init(&a, &options) == 0);
    first = region_new_zeroed(&a, size_t);
    CHECK((void *)first == file.base);
    for (uint32_t i = 1; i <= 1000; i++) {
        struct node *n = region_new(&a, struct node);
        n->next = *first;
        n->value = i;
        *first = (size_t)((char *)n - (char *)file.base);
    }
    CHECK(region_arena_free(&a) == 0 && region_file_free(&file) == 0);

    CHECK(region_file_open(&file, path, REGION_FILE_READ) == 0);
    for (at = *(size_t *)file.base; at != 0;) {
        const struct node *n = (const struct node *)(void *)((char *)file.base + at);
        CHECK(at + sizeof *n <= file.len);
        sum += n->value;
        at = n->next;
    }
    CHECK(sum == 500500 && region_file_free(&file) == 0);
}

static void a_descriptor_will_do(void)
{
    region_file file, again;
    int fd = open(path, O_RDWR);
    CHECK(fd >= 0 && lseek(fd, 40, SEEK_SET) == 40);
    CHECK(region_file_from_fd(&file, fd, REGION_FILE_WRITE) == 0 && file.len == size_of_file());
    CHECK(region_file_from_fd(&again, fd, REGION_FILE_READ) == 0 && close(fd) == 0);
    CHECK(region_file_resize(&file, 800) == 0 && size_of_file() == 800);
    write_record(&file, 99, 99);
    CHECK(read_record(&again, 99) == 99 && byte_at(99 * 8) == 99 && region_file_flush(&file, 0, 800) == 0);
    CHECK(region_file_free(&again) == 0 && region_file_free(&file) == 0);
}

static void a_file_made_anew_holds_nothing_of_the_old_one(void)
{
    region_file file, again;
    CHECK(region_file_create(&file, path, 5000) == 0 && ((char *)file.base)[24] == 0 && size_of_file() == 5000);
    CHECK(region_file_open(&again, path, REGION_FILE_READ) == 0);
    strcpy((char *)file.base + 4000, "seen by both");
    CHECK(strcmp((char *)again.base + 4000, "seen by both") == 0);
    region_file_free(&file);
    CHECK(strcmp((char *)again.base + 4000, "seen by both") == 0);
    region_file_free(&again);
}

int main(void)
{
    int fd = mkstemp(path);
    CHECK(fd >= 0);
    close(fd);
    what_is_written_is_found_by_the_next_program();
    three_records_are_changed_where_they_are();
    a_file_grows_and_is_cut();
    a_private_copy_leaves_the_file_alone();
    a_list_is_built_in_a_file_and_found_again();
    a_descriptor_will_do();
    a_file_made_anew_holds_nothing_of_the_old_one();
    CHECK(unlink(path) == 0);
    return 0;
}

// region.hpp: owners, std::pmr containers in an arena, destructors that run with it.

#include "region.hpp"

#include "check.h"
#include <algorithm>
#include <array>
#include <cerrno>
#include <string>
#include <thread>
#include <type_traits>
#include <unistd.h>
#include <unordered_map>
#include <vector>

static void pmr_containers_live_in_an_arena()
{
    region::arena a;
    {
        std::pmr::vector<std::pmr::string> names{&a.resource()};
        std::pmr::unordered_map<int, std::pmr::string> table{&a.resource()};
        for (int i = 0; i < 20000; i++) {
            names.emplace_back("a name that is too long for the string itself: " + std::to_string(i));
            table.emplace(i, names.back());
        }
        CHECK(table.size() == 20000 && table.at(19999) == names[19999]);
        CHECK(region_arena_contains(a.raw(), names[7].data()));
        for (int i = 0; i < 20000; i += 2)
            table.erase(i);
        CHECK(table.size() == 10000 && table.count(8) == 0);
    }
    CHECK(a.stats().used > 20000 * 48);
    a.reset(0);
    CHECK(a.stats().used == 0);
}

static void a_vector_with_the_allocator_grows_in_an_arena()
{
    region::arena a;
    std::vector<long, region::allocator<long>> numbers{a};
    for (long i = 0; i < 100000; i++)
        numbers.push_back(i);
    CHECK(numbers[99999] == 99999 && region_arena_contains(a.raw(), numbers.data()));
    CHECK(region::allocator<int>(a) == numbers.get_allocator());
}

struct pair_of {
    long key;
    const char *name;
};

static void growing_arrays_are_typed_in_cpp_too()
{
    region::arena a;
    REGION_ARRAY(pair_of) pairs = REGION_ARRAY_INIT(a.raw());
    for (long i = 0; i < 1000; i++)
        CHECK(region_array_push(&pairs, pair_of{i, "x"}) == 0);
    CHECK(region_array_insert(&pairs, 1, {7, "seven"}) == 0 && region_array_extend(&pairs, pairs.data, 3) == 0);
    CHECK(pairs.len == 1004 && pairs.data[1002].key == 7 && region_array_remove(&pairs, 0, 1) == 0);
    pair_of last = {0, nullptr};
    CHECK(region_array_pop(&pairs, &last) && last.key == 1);
    pair_of *done = region_array_finish(&pairs);
    CHECK(done[0].key == 7 && pairs.data == nullptr);
}

static void what_an_arena_made_may_outlive_it()
{
    region::arena a;
    const std::string_view *first;
    {
        region::arena own;
        auto *words = own.make<std::array<std::string_view, 2>>();
        *words = {own.copy("to"), own.copy("be")};
        first = words->data();
        CHECK(a.adopt(std::move(own)) == 0);
    }
    CHECK(first[0] == "to" && first[1] == "be" && region_arena_contains(a.raw(), first));
    CHECK(a.adopt(std::move(a)) == -EINVAL);
}

static int alive;

struct counted {
    explicit counted(int v) : value(v) { alive++; }
    counted(const counted &) = delete;
    ~counted() { alive--; }
    int value;
};

static void destructors_run_with_the_arena()
{
    region::arena a;
    counted *kept = a.make<counted>(1);
    {
        region::scope inner(a);
        for (int i = 0; i < 1000; i++)
            a.make<counted>(i);
        CHECK(alive == 1001);
    }
    CHECK(alive == 1 && kept->value == 1);
    region::arena b = std::move(a);
    CHECK(alive == 1);
    b.make<counted>(2);
    b = region::arena();
    CHECK(alive == 0);
    CHECK(*a.make<int>(5) == 5); // moved from is empty and valid
}

static void containers_of_several_threads_live_in_one_heap()
{
    region::sync_heap h;
    {
        std::pmr::vector<std::pmr::string> names(&h);
        auto fill = [](std::pmr::vector<std::pmr::string> *of) {
            for (int i = 0; i < 20000; i++)
                of->emplace_back(40, 'n');
        };
        std::pmr::vector<std::pmr::string> others(&h);
        std::thread other(fill, &others);
        fill(&names);
        other.join();
        CHECK(names.back() == others.back() && h.stats().blocks > 40000);
        CHECK(region_sync_heap_contains(h.raw(), others.data()));
        others = std::move(names);
    }
    volatile std::size_t most = SIZE_MAX;
    CHECK(h.stats().blocks == 0 && h.try_allocate(most) == nullptr);
}

static void containers_live_in_a_heap_and_give_back()
{
    region::heap h;
    {
        std::pmr::unordered_map<int, std::pmr::string> table{&h.resource()};
        std::vector<long, region::heap_allocator<long>> numbers{h};
        for (int i = 0; i < 20000; i++) {
            table.emplace(i, "a text that is too long for the string itself: " + std::to_string(i));
            numbers.push_back(i);
        }
        for (int i = 0; i < 20000; i += 2)
            table.erase(i);
        CHECK(table.size() == 10000 && table.count(8) == 0 && numbers[19999] == 19999);
        CHECK(region_heap_contains(h.raw(), numbers.data()) && h.stats().blocks > 20000);
        CHECK(region::heap_allocator<int>(h) == numbers.get_allocator());
    }
    CHECK(h.stats().blocks == 0 && h.stats().mistakes == 0);
    void *block = h.allocate(100, 64);
    CHECK(reinterpret_cast<std::uintptr_t>(block) % 64 == 0 && h.deallocate(block) == 0 && h.deallocate(block) < 0);
    CHECK(h.try_allocate(SIZE_MAX / 4) == nullptr);
    block = h.allocate(100);
    region::heap moved = std::move(h);
    CHECK(region_heap_contains(moved.raw(), block) && h.stats().blocks == 0);
    moved.clear(0);
    CHECK(moved.stats().blocks == 0);
    moved = region::heap();

    alignas(16) static char memory[40000];
    region::heap small(memory, sizeof memory, REGION_HEAP_FIXED);
    std::pmr::vector<int> few{&small.resource()};
    few.resize(100);
    bool refused = false;
    try {
        few.resize(100000);
    } catch (const std::bad_alloc &) {
        refused = true;
    }
    CHECK(refused && few.size() == 100);
}

struct alignas(256) wide {
    char bytes[300];
};

static void alignment_beyond_sixteen_holds()
{
    region::arena a;
    a.make<char>('x');
    CHECK(reinterpret_cast<std::uintptr_t>(a.make<wide>()) % 256 == 0);
    std::pmr::vector<wide> row(3, &a.resource());
    CHECK(reinterpret_cast<std::uintptr_t>(row.data()) % 256 == 0);
}

static void refusals_are_exceptions()
{
    region_arena_options options = REGION_ARENA_OPTIONS;
    options.limit = 4096;
    region::arena a(options);
    bool caught = false;
    try {
        std::pmr::vector<int> numbers(10000, &a.resource());
    } catch (const std::bad_alloc &) {
        caught = true;
    }
    CHECK(caught && a.try_allocate(5000) == nullptr);
    try {
        region::input::open("/no/such/file");
        caught = false;
    } catch (const std::system_error &error) {
        CHECK(error.code() == std::errc::no_such_file_or_directory);
    }
    CHECK(caught);
}

static void input_and_lines()
{
    region::arena a;
    region::input source = region::input::read("/proc/self/status");
    std::size_t threads = 0;
    std::string names;
    for (std::string_view name : region::lines(std::string_view("a b\0two\nlines\0", 14), '\0'))
        names.append(name).append("; ");
    CHECK(names == "a b; two\nlines; ");
    for (std::string_view line : region::lines(source.text()))
        threads += line.substr(0, 8) == "Threads:";
    CHECK(threads == 1 && !source.is_mapped());
    CHECK(a.copy("text") == "text" && a.copy({}).data()[0] == '\0');
}

static void pages_go_back_by_themselves()
{
    region::pool frames(4096, 2);
    {
        auto first = frames.take();
        auto second = frames.take_zeroed();
        CHECK(first && second && !frames.take());
        first = std::move(second);
    }
    CHECK(region_pool_taken(frames.raw()) == 0);
}

static void an_arena_lives_in_a_buffer()
{
    std::byte stack[4096];
    region::arena a(stack, sizeof stack, REGION_ARENA_FIXED);
    std::pmr::vector<int> numbers({1, 2, 3}, &a.resource());
    auto *first = reinterpret_cast<std::byte *>(numbers.data());
    CHECK(stack <= first && first < stack + sizeof stack && a.try_allocate(sizeof stack) == nullptr);

    region::arena b(stack + 2048, 2048);
    CHECK(region_arena_reset(a.raw(), 0) == 0); // what follows lies in the other half, and beyond
    counted *kept = b.make<counted>(7);
    CHECK(reinterpret_cast<std::byte *>(kept) >= stack + 2048 && b.allocate(100000) != nullptr);
    CHECK(kept->value == 7 && alive == 1);
    region::arena c = std::move(b);
    c.reset();
    CHECK(alive == 0);
    bool caught = false;
    try {
        region::arena none(nullptr, 100);
    } catch (const std::system_error &error) {
        caught = error.code() == std::errc::invalid_argument;
    }
    CHECK(caught);
}

static void maps_say_what_they_got()
{
    region::map plain(10000, 0, "pmr.cpp");
    CHECK(plain.size() == 12288 && plain.page_size() == region_page_size());
    static_cast<char *>(plain.data())[12287] = 1;
    region::map huge(1, REGION_MAP_HUGETLB | REGION_MAP_HUGE);
    CHECK(huge.size() >= region_page_size() && huge.size() % huge.page_size() == 0);
    plain = std::move(huge);
    CHECK(plain.data() != nullptr && plain.size() % plain.page_size() == 0);
    bool caught = false;
    try {
        region::map far(std::size_t(1) << 62, REGION_MAP_HUGETLB);
    } catch (const std::system_error &) {
        caught = true;
    }
    CHECK(caught);
}

static void files_are_edited_in_place()
{
    char name[] = "/tmp/region-pmr-XXXXXX";
    int fd = mkstemp(name);
    CHECK(fd >= 0);
    {
        region::file text = region::file::create(name, 5);
        std::copy_n("hello", 5, text.data());
        text.resize(12);
        std::copy_n(", world", 7, text.data() + 5);
        text.flush();
    }
    {
        region::file text = region::file::open(name);
        text.data()[0] = 'H';
        text.flush(0, 1);
        region::file copy = region::file::from_fd(fd, REGION_FILE_PRIVATE);
        copy.data()[1] = 'E';
    }
    CHECK(region::input::read(name).text() == "Hello, world");
    bool caught = false;
    try {
        region::file::open("/dev/null");
    } catch (const std::system_error &error) {
        caught = error.code() == std::errc::no_such_device;
    }
    CHECK(caught && close(fd) == 0 && unlink(name) == 0);
}

struct chained {
    std::uint64_t next, value;
};

static void a_shared_arena_is_opened_by_its_descriptor()
{
    region::shared ours(1 << 16, "pmr.cpp");
    for (std::uint64_t i = 1; i <= 10; i++) {
        std::uint64_t offset = ours.allocate(sizeof(chained), alignof(chained));
        *ours.at<chained>(offset) = {ours.root(), i};
        ours.set_root(offset);
    }
    region::shared theirs = region::shared::open(ours.fd());
    ours = region::shared(4096); // without a name
    CHECK(ours.fd() < 0 && ours.root() == 0);
    std::uint64_t sum = 0;
    for (std::uint64_t at = theirs.root(); at != 0; at = theirs.at<chained>(at)->next)
        sum += theirs.at<chained>(at)->value;
    CHECK(sum == 55 && theirs.used() >= 10 * sizeof(chained));
    CHECK(theirs.at<chained>(1) == nullptr && theirs.at<chained>(1 << 20) == nullptr);
    bool caught = false;
    try {
        theirs.allocate(1 << 20);
    } catch (const std::bad_alloc &) {
        caught = true;
    }
    CHECK(caught);
}

#if __cplusplus >= 202002L
#include <ranges>
static_assert(std::ranges::input_range<region::lines>);
static_assert(std::same_as<std::ranges::range_value_t<region::lines>, std::string_view>);

static void lines_are_a_range()
{
    region::lines text("one\n\nthree\nfour");
    std::size_t bytes = 0, count = 0;
    for (std::string_view line : text | std::views::filter([](std::string_view line) { return !line.empty(); })
                                     | std::views::take(2)) {
        bytes += line.size();
        count++;
    }
    CHECK(count == 2 && bytes == 8);
}
#else
static void lines_are_a_range() {}
#endif

static_assert(!std::is_copy_constructible_v<region::map> && std::is_nothrow_move_constructible_v<region::file>);
static_assert(!std::is_copy_constructible_v<region::arena> && std::is_nothrow_move_constructible_v<region::arena>);
static_assert(!std::is_copy_constructible_v<region::input> && !std::is_move_constructible_v<region::pool>);

int main()
{
    pmr_containers_live_in_an_arena();
    a_vector_with_the_allocator_grows_in_an_arena();
    growing_arrays_are_typed_in_cpp_too();
    what_an_arena_made_may_outlive_it();
    destructors_run_with_the_arena();
    containers_live_in_a_heap_and_give_back();
    containers_of_several_threads_live_in_one_heap();
    alignment_beyond_sixteen_holds();
    refusals_are_exceptions();
    input_and_lines();
    lines_are_a_range();
    pages_go_back_by_themselves();
    an_arena_lives_in_a_buffer();
    maps_say_what_they_got();
    files_are_edited_in_place();
    a_shared_arena_is_opened_by_its_descriptor();
    return 0;
}

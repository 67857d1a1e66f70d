// region.hpp: owners, std::pmr containers in an arena, destructors that run with it.

#include "region.hpp"

#include "check.h"
#include <string>
#include <type_traits>
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

static_assert(!std::is_copy_constructible_v<region::arena> && std::is_nothrow_move_constructible_v<region::arena>);
static_assert(!std::is_copy_constructible_v<region::input> && !std::is_move_constructible_v<region::pool>);

int main()
{
    pmr_containers_live_in_an_arena();
    a_vector_with_the_allocator_grows_in_an_arena();
    destructors_run_with_the_arena();
    alignment_beyond_sixteen_holds();
    refusals_are_exceptions();
    input_and_lines();
    pages_go_back_by_themselves();
    return 0;
}

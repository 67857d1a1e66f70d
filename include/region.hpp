// region.hpp - region.h with owners: values that free themselves, and std::pmr and allocators in arenas and heaps.
//
//     region::arena a;
//     std::pmr::vector<std::pmr::string> names{&a.resource()};
//     node *n = a.make<node>(name, 7);                 // its destructor runs with the arena
//
// C++17. Nothing here throws but std::bad_alloc, where memory cannot be had, and std::system_error from constructors
// that the system refuses; functions marked noexcept return null or an error instead. Owners move and do not copy.
// Threads: as in region.h.
//
// SPDX-License-Identifier: MIT OR Apache-2.0

#ifndef REGION_HPP
#define REGION_HPP

#include "region.h"

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <memory_resource>
#include <new>
#include <string_view>
#include <system_error>
#include <type_traits>
#include <utility>

namespace region {

/// Throws what a call of region.h refused.
inline void check(int status, const char *what)
{
    if (status < 0)
        throw std::system_error(-status, std::system_category(), what);
}

/// An arena that frees itself. Not moved while its resource() or an allocator of it is in use.
class arena {
public:
    /// Empty; makes no call.
    arena() noexcept = default;

    /// As the options say: see region_arena_init.
    explicit arena(const region_arena_options &options)
    {
        check(region_arena_init(&raw_, &options), "region_arena_init");
    }

    /// In memory of the caller's, which outlives it: nowhere else with REGION_ARENA_FIXED, else there first.
    arena(void *buffer, std::size_t size, unsigned flags = 0) : arena(over(buffer, size, flags)) {}

    arena(arena &&other) noexcept : raw_(std::exchange(other.raw_, region_arena REGION_ARENA_INIT)) {}

    arena &operator=(arena &&other) noexcept
    {
        if (this != &other) {
            region_arena_free(&raw_);
            raw_ = std::exchange(other.raw_, region_arena REGION_ARENA_INIT);
        }
        return *this;
    }

    arena(const arena &) = delete;
    arena &operator=(const arena &) = delete;
    ~arena() { region_arena_free(&raw_); }

    /// The arena of region.h, for its functions.
    region_arena *raw() noexcept { return &raw_; }
    const region_arena *raw() const noexcept { return &raw_; }

    /// Bytes; null when they cannot be had.
    void *try_allocate(std::size_t size, std::size_t align = alignof(std::max_align_t)) noexcept
    {
        return align <= 16 ? region_alloc(&raw_, size) : region_alloc_aligned(&raw_, size, align);
    }

    /// Bytes; throws std::bad_alloc.
    void *allocate(std::size_t size, std::size_t align = alignof(std::max_align_t))
    {
        void *block = try_allocate(size, align);
        if (block == nullptr)
            throw std::bad_alloc();
        return block;
    }

    /// A T. Its destructor runs when the arena is rewound to before it, reset or freed; not at all if it is trivial.
    template <class T, class... Arguments>
    T *make(Arguments &&...arguments)
    {
        if constexpr (std::is_trivially_destructible_v<T>) {
            return ::new (allocate(sizeof(T), alignof(T))) T(std::forward<Arguments>(arguments)...);
        } else {
            auto *node = ::new (allocate(sizeof(region_defer))) region_defer REGION_DEFER_INIT;
            T *value = ::new (allocate(sizeof(T), alignof(T))) T(std::forward<Arguments>(arguments)...);
            region_arena_defer_node(&raw_, node, [](void *it) { static_cast<T *>(it)->~T(); }, value);
            return value;
        }
    }

    /// A copy of the text, NUL-terminated.
    std::string_view copy(std::string_view text)
    {
        char *copied = text.data() == nullptr ? region_strdup(&raw_, "") : bytes(text);
        if (copied == nullptr)
            throw std::bad_alloc();
        return {copied, text.size()};
    }

    /// Frees every value and keeps the RAM of about `keep` bytes.
    void reset(std::size_t keep = REGION_KEEP_ALL) noexcept { region_arena_reset(&raw_, keep); }

    /// Moves all that the other arena holds here, without a copy, and leaves it empty; 0, or why it was refused: see
    /// region_arena_adopt. Destructors of what it made run with this arena.
    int adopt(arena &&other) noexcept { return region_arena_adopt(&raw_, other.raw()); }

    region_stats stats() const noexcept
    {
        region_stats stats;
        region_arena_stats(&raw_, &stats);
        return stats;
    }

    /// For std::pmr containers, which must not outlive the arena or its next reset.
    std::pmr::memory_resource &resource() noexcept { return resource_; }

private:
    /// Bumps; takes the last block back. Lies in the arena, and leads to it by its own address.
    class resource_type final : public std::pmr::memory_resource {
        friend class arena;
        explicit resource_type(region_arena *raw) noexcept : raw_(raw) {}

        void *do_allocate(std::size_t size, std::size_t align) override
        {
            void *block = align <= 16 ? region_alloc(raw_, size) : region_alloc_aligned(raw_, size, align);
            if (block == nullptr)
                throw std::bad_alloc();
            return block;
        }

        void do_deallocate(void *block, std::size_t size, std::size_t) override { region_free(raw_, block, size); }

        bool do_is_equal(const std::pmr::memory_resource &other) const noexcept override { return this == &other; }

        region_arena *raw_;
    };

    static region_arena_options over(void *buffer, std::size_t size, unsigned flags) noexcept
    {
        region_arena_options options = REGION_ARENA_OPTIONS;
        options.buffer = buffer;
        options.buffer_size = size;
        options.flags = flags;
        return options;
    }

    char *bytes(std::string_view text) noexcept
    {
        char *copied = static_cast<char *>(region_alloc(&raw_, text.size() + 1));
        if (copied != nullptr) {
            text.copy(copied, text.size());
            copied[text.size()] = '\0';
        }
        return copied;
    }

    region_arena raw_ = REGION_ARENA_INIT;
    resource_type resource_{&raw_};
};

/// Frees what an arena gave since it was made, at the end of a block. Scopes end in the reverse of their order.
class scope {
public:
    explicit scope(arena &in) noexcept : raw_(in.raw()), mark_(region_arena_mark(raw_)) {}
    scope(const scope &) = delete;
    scope &operator=(const scope &) = delete;
    ~scope() { region_arena_rewind(raw_, mark_); }

private:
    region_arena *raw_;
    region_mark mark_;
};

/// An allocator for standard containers without the indirection of std::pmr.
template <class T>
class allocator {
public:
    using value_type = T;

    allocator(arena &in) noexcept : raw_(in.raw()) {}
    template <class U>
    allocator(const allocator<U> &other) noexcept : raw_(other.raw())
    {
    }

    T *allocate(std::size_t n)
    {
        void *block = region_alloc_array(raw_, n, sizeof(T), alignof(T));
        if (block == nullptr)
            throw std::bad_alloc();
        return static_cast<T *>(block);
    }

    void deallocate(T *block, std::size_t n) noexcept { region_free(raw_, block, n * sizeof(T)); }

    region_arena *raw() const noexcept { return raw_; }

    template <class U>
    friend bool operator==(const allocator &a, const allocator<U> &b) noexcept
    {
        return a.raw() == b.raw();
    }
    template <class U>
    friend bool operator!=(const allocator &a, const allocator<U> &b) noexcept
    {
        return a.raw() != b.raw();
    }

private:
    region_arena *raw_;
};

/// A heap that frees itself, whatever blocks are in use. Not moved while its resource() or an allocator of it is in use.
class heap {
public:
    /// Empty, in mapped memory; makes no call.
    heap() noexcept = default;

    /// As the options say: see region_heap_init.
    explicit heap(const region_heap_options &options) { check(region_heap_init(&raw_, &options), "region_heap_init"); }

    /// In memory of the caller's, which outlives it: nowhere else with REGION_HEAP_FIXED, else there first.
    heap(void *buffer, std::size_t size, unsigned flags = 0) : heap(over(buffer, size, flags)) {}

    heap(heap &&other) noexcept : raw_(std::exchange(other.raw_, region_heap REGION_HEAP_INIT)) {}

    heap &operator=(heap &&other) noexcept
    {
        if (this != &other) {
            region_heap_free(&raw_);
            raw_ = std::exchange(other.raw_, region_heap REGION_HEAP_INIT);
        }
        return *this;
    }

    heap(const heap &) = delete;
    heap &operator=(const heap &) = delete;
    ~heap() { region_heap_free(&raw_); }

    /// The heap of region.h, for its functions.
    region_heap *raw() noexcept { return &raw_; }
    const region_heap *raw() const noexcept { return &raw_; }

    /// Bytes; null when they cannot be had.
    void *try_allocate(std::size_t size, std::size_t align = alignof(std::max_align_t)) noexcept
    {
        return region_heap_alloc_aligned(&raw_, size, align);
    }

    /// Bytes; throws std::bad_alloc.
    void *allocate(std::size_t size, std::size_t align = alignof(std::max_align_t))
    {
        void *block = try_allocate(size, align);
        if (block == nullptr)
            throw std::bad_alloc();
        return block;
    }

    /// Frees a block; 0, or why it was refused: see region_heap_free_block.
    int deallocate(void *block) noexcept { return region_heap_free_block(&raw_, block); }

    /// Frees every block and keeps the RAM of about `keep` bytes. No destructor runs.
    void clear(std::size_t keep = REGION_KEEP_ALL) noexcept { region_heap_clear(&raw_, keep); }

    region_heap_counts stats() const noexcept
    {
        region_heap_counts stats;
        region_heap_stats(&raw_, &stats);
        return stats;
    }

    /// For std::pmr containers, which must not outlive the heap or its next clear.
    std::pmr::memory_resource &resource() noexcept { return resource_; }

private:
    /// Lies in the heap, and leads to it by its own address.
    class resource_type final : public std::pmr::memory_resource {
        friend class heap;
        explicit resource_type(region_heap *raw) noexcept : raw_(raw) {}

        void *do_allocate(std::size_t size, std::size_t align) override
        {
            void *block = region_heap_alloc_aligned(raw_, size, align);
            if (block == nullptr)
                throw std::bad_alloc();
            return block;
        }

        void do_deallocate(void *block, std::size_t, std::size_t) override { region_heap_free_block(raw_, block); }

        bool do_is_equal(const std::pmr::memory_resource &other) const noexcept override { return this == &other; }

        region_heap *raw_;
    };

    static region_heap_options over(void *buffer, std::size_t size, unsigned flags) noexcept
    {
        region_heap_options options = REGION_HEAP_OPTIONS;
        options.buffer = buffer;
        options.buffer_size = size;
        options.flags = flags;
        return options;
    }

    region_heap raw_ = REGION_HEAP_INIT;
    resource_type resource_{&raw_};
};

/// A heap of many threads that frees itself, whatever blocks are in use. For std::pmr containers in any thread. It is not
/// moved.
class sync_heap final : public std::pmr::memory_resource {
public:
    /// Empty; makes no call.
    sync_heap() noexcept = default;
    sync_heap(const sync_heap &) = delete;
    sync_heap &operator=(const sync_heap &) = delete;
    ~sync_heap() override { region_sync_heap_free(&raw_); }

    /// The heap of region.h, for its functions.
    region_sync_heap *raw() noexcept { return &raw_; }
    const region_sync_heap *raw() const noexcept { return &raw_; }

    /// Bytes; null when they cannot be had.
    void *try_allocate(std::size_t size, std::size_t align = alignof(std::max_align_t)) noexcept
    {
        return region_sync_heap_alloc_aligned(&raw_, size, align);
    }

    region_heap_counts stats() const noexcept
    {
        region_heap_counts stats;
        region_sync_heap_stats(&raw_, &stats);
        return stats;
    }

private:
    void *do_allocate(std::size_t size, std::size_t align) override
    {
        void *block = try_allocate(size, align);
        if (block == nullptr)
            throw std::bad_alloc();
        return block;
    }

    void do_deallocate(void *block, std::size_t, std::size_t) override { region_sync_heap_free_block(&raw_, block); }

    bool do_is_equal(const std::pmr::memory_resource &other) const noexcept override { return this == &other; }

    region_sync_heap raw_ = REGION_SYNC_HEAP_INIT;
};

/// An allocator for standard containers in a heap.
template <class T>
class heap_allocator {
public:
    using value_type = T;

    heap_allocator(heap &in) noexcept : raw_(in.raw()) {}
    template <class U>
    heap_allocator(const heap_allocator<U> &other) noexcept : raw_(other.raw())
    {
    }

    T *allocate(std::size_t n)
    {
        void *block = region_heap_alloc_array(raw_, n, sizeof(T), alignof(T));
        if (block == nullptr)
            throw std::bad_alloc();
        return static_cast<T *>(block);
    }

    void deallocate(T *block, std::size_t) noexcept { region_heap_free_block(raw_, block); }

    region_heap *raw() const noexcept { return raw_; }

    template <class U>
    friend bool operator==(const heap_allocator &a, const heap_allocator<U> &b) noexcept
    {
        return a.raw() == b.raw();
    }
    template <class U>
    friend bool operator!=(const heap_allocator &a, const heap_allocator<U> &b) noexcept
    {
        return a.raw() != b.raw();
    }

private:
    region_heap *raw_;
};

/// What map, file, shared and input have in common: the struct of region.h, freed once.
template <class Raw, int (*Free)(Raw *)>
class owner {
public:
    owner(owner &&other) noexcept : raw_(std::exchange(other.raw_, Raw{})) {}
    owner &operator=(owner &&other) noexcept
    {
        std::swap(raw_, other.raw_);
        return *this;
    }
    owner(const owner &) = delete;
    owner &operator=(const owner &) = delete;

    /// The struct of region.h, for its functions.
    Raw *raw() noexcept { return &raw_; }
    const Raw *raw() const noexcept { return &raw_; }

protected:
    /// Empty, as all bytes zero are.
    owner() noexcept = default;
    ~owner() { Free(&raw_); }

    Raw raw_{};
};

/// Mapped memory that unmaps itself.
class map : public owner<region_map, region_map_free> {
public:
    /// `len` bytes, with REGION_MAP_... flags: see region_map_init. The name is for /proc/PID/maps.
    explicit map(std::size_t len, unsigned flags = 0, const char *name = nullptr)
    {
        region_map_options options = REGION_MAP_OPTIONS;
        options.flags = flags;
        options.name = name;
        check(region_map_init(&raw_, len, &options), "region_map_init");
    }

    map(std::size_t len, const region_map_options &options)
    {
        check(region_map_init(&raw_, len, &options), "region_map_init");
    }

    void *data() const noexcept { return raw_.base; }
    std::size_t size() const noexcept { return raw_.len; }
    /// Of the pages that were got: see region_map_page_size.
    std::size_t page_size() const noexcept { return region_map_page_size(&raw_); }
    /// Bytes in huge pages now.
    std::size_t huge() const
    {
        std::size_t bytes = 0;
        check(region_map_huge(&raw_, &bytes), "region_map_huge");
        return bytes;
    }
};

/// A file's bytes, changed in place.
class file : public owner<region_file, region_file_free> {
public:
    /// Opens a file for one of REGION_FILE_... As long as it is open here nobody may make it shorter.
    static file open(const char *path, unsigned how = REGION_FILE_WRITE)
    {
        file opened;
        check(region_file_open(&opened.raw_, path, how), "region_file_open");
        return opened;
    }

    /// The file of a descriptor, which may be closed at once.
    static file from_fd(int descriptor, unsigned how = REGION_FILE_WRITE)
    {
        file opened;
        check(region_file_from_fd(&opened.raw_, descriptor, how), "region_file_from_fd");
        return opened;
    }

    /// Makes a file of `len` zeroes in place of whatever had the path.
    static file create(const char *path, std::size_t len)
    {
        file made;
        check(region_file_create(&made.raw_, path, len), "region_file_create");
        return made;
    }

    char *data() const noexcept { return static_cast<char *>(raw_.base); }
    std::size_t size() const noexcept { return raw_.len; }
    /// The bytes may move.
    void resize(std::size_t len) { check(region_file_resize(&raw_, len), "region_file_resize"); }
    /// Returns when what was modified is on the disk.
    void flush() { check(region_file_flush(&raw_, 0, raw_.len), "region_file_flush"); }
    void flush(std::size_t at, std::size_t len) { check(region_file_flush(&raw_, at, len), "region_file_flush"); }

private:
    file() noexcept = default;
};

/// An arena that several processes have at once. Any thread of any process allocates.
class shared : public owner<region_shared, region_shared_free> {
public:
    /// For children forked from now on, or with a name: with a descriptor for any process.
    explicit shared(std::size_t capacity, const char *name = nullptr)
    {
        check(region_shared_init(&raw_, capacity, name), "region_shared_init");
    }

    /// The one of a descriptor, which may be closed at once.
    static shared open(int descriptor)
    {
        shared opened;
        check(region_shared_open(&opened.raw_, descriptor), "region_shared_open");
        return opened;
    }

    /// Negative if it has none.
    int fd() const noexcept { return region_shared_fd(&raw_); }

    /// The offset of zero bytes, the same in every process; throws std::bad_alloc.
    std::uint64_t allocate(std::size_t size, std::size_t align = alignof(std::max_align_t))
    {
        std::uint64_t offset = region_shared_alloc(&raw_, size, align);
        if (offset == 0)
            throw std::bad_alloc();
        return offset;
    }

    /// Where a T is in this process; null unless all of it lies in the arena, at an address for a T. What it holds is
    /// another matter: a T must be one whatever its bytes are, and without addresses.
    template <class T>
    T *at(std::uint64_t offset) const noexcept
    {
        static_assert(std::is_trivially_copyable_v<T>, "other processes copy it byte by byte");
        return offset % alignof(T) == 0 ? static_cast<T *>(region_shared_at(&raw_, offset, sizeof(T))) : nullptr;
    }

    std::uint64_t root() const noexcept { return region_shared_root(&raw_); }
    void set_root(std::uint64_t offset) { check(region_shared_set_root(&raw_, offset), "region_shared_set_root"); }
    std::size_t used() const noexcept { return region_shared_used(&raw_); }

private:
    shared() noexcept = default;
};

/// A page pool that frees itself. Any thread takes and gives; it stays where it is, so it does not move.
class pool {
public:
    pool(std::size_t block_size, std::size_t blocks, const region_pool_options *options = nullptr)
    {
        check(region_pool_init(&raw_, block_size, blocks, options), "region_pool_init");
    }
    pool(const pool &) = delete;
    pool &operator=(const pool &) = delete;
    ~pool() { region_pool_free(&raw_); }

    region_pool *raw() noexcept { return &raw_; }

    /// A block that goes back to its pool by itself; null when all are out.
    class page {
    public:
        page() noexcept = default;
        page(page &&other) noexcept
            : pool_(std::exchange(other.pool_, nullptr)), data_(std::exchange(other.data_, nullptr))
        {
        }
        page &operator=(page &&other) noexcept
        {
            std::swap(pool_, other.pool_);
            std::swap(data_, other.data_);
            return *this;
        }
        page(const page &) = delete;
        page &operator=(const page &) = delete;
        ~page()
        {
            if (data_ != nullptr)
                region_pool_give(pool_, data_);
        }

        explicit operator bool() const noexcept { return data_ != nullptr; }
        void *data() const noexcept { return data_; }

    private:
        friend class pool;
        page(region_pool *from, void *data) noexcept : pool_(from), data_(data) {}
        region_pool *pool_ = nullptr;
        void *data_ = nullptr;
    };

    page take() noexcept { return {&raw_, region_pool_take(&raw_)}; }
    page take_zeroed() noexcept { return {&raw_, region_pool_take_zeroed(&raw_)}; }

private:
    region_pool raw_ = REGION_POOL_INIT;
};

/// The bytes of a file, a pipe or another stream.
class input : public owner<region_input, region_input_free> {
public:
    /// Mapped where that can be done. As long as the input lives nobody may write to the file or truncate it.
    static input open(const char *path) { return {[path](region_input *raw) { return region_input_open(raw, path); }}; }
    static input from_fd(int fd) { return {[fd](region_input *raw) { return region_input_from_fd(raw, fd); }}; }
    /// Read into memory.
    static input read(const char *path) { return {[path](region_input *raw) { return region_input_read(raw, path); }}; }
    static input read_fd(int fd) { return {[fd](region_input *raw) { return region_input_read_fd(raw, fd); }}; }

    std::string_view text() const noexcept { return {raw_.data, raw_.len}; }
    bool is_mapped() const noexcept { return region_input_is_mapped(&raw_); }

private:
    template <class Get>
    input(Get get)
    {
        check(get(&raw_), "region_input"); // what came before an error goes with the base
    }
};

/// The lines of a text, for `for` and for C++20's ranges: slices of it, without their newlines.
class lines {
public:
    /// Or what another byte ends: '\0' for what `find -print0` writes.
    explicit lines(std::string_view text, char delimiter = '\n')
    {
        check(region_lines_records(&raw_, text.data(), text.size(), delimiter), "region_lines");
    }

    class iterator {
    public:
        using iterator_category = std::input_iterator_tag;
        using value_type = std::string_view;
        using difference_type = std::ptrdiff_t;
        using pointer = const std::string_view *;
        using reference = std::string_view;

        explicit iterator(region_lines *left) noexcept : left_(left) { ++*this; }
        iterator &operator++() noexcept
        {
            if (!region_lines_next(left_, &line_))
                left_ = nullptr;
            return *this;
        }
        void operator++(int) noexcept { ++*this; }
        std::string_view operator*() const noexcept { return {line_.data, line_.len}; }
        bool operator==(std::nullptr_t) const noexcept { return left_ == nullptr; }
        bool operator!=(std::nullptr_t) const noexcept { return left_ != nullptr; }

    private:
        region_lines *left_;
        region_slice line_{nullptr, 0};
    };

    /// Once: the lines are used up as they are gone through.
    iterator begin() noexcept { return iterator(&raw_); }
    std::nullptr_t end() const noexcept { return nullptr; }

private:
    region_lines raw_;
};

} // namespace region

#endif // REGION_HPP

// Large matrices: their memory, and changes of low rank that are made many at a time.
#pragma once

#include <cstdlib>
#include <cstring>
#include <vector>
#ifdef __linux__
#include <sys/mman.h>
#endif

#include "engine/cpp/files.h"

namespace snnlab {

// Memory on large pages, where the system has them: a matrix is read from end to end.
template <typename T> class Pages
{
    T* values;

public:
    explicit Pages(size_t n)
    {
        const size_t page = size_t(1) << 21, bytes = (n*sizeof(T) + page - 1)/page*page;
        void* memory = nullptr;
        if (posix_memalign(&memory, page, bytes))
            stop(MEMORY, "not enough memory for a matrix of the network");
#ifdef __linux__
        madvise(memory, bytes, MADV_HUGEPAGE);
#endif
        std::memset(memory, 0, bytes);
        values = static_cast<T*>(memory);
    }
    ~Pages() { std::free(values); }
    Pages(const Pages&) = delete;
    Pages& operator=(const Pages&) = delete;
    T* data() const { return values; }
};

// Columns c of length n, to be subtracted from a matrix with n rows: A <- A - sum of c w'.
//
// To write all of A costs memory traffic, so it is done once for SIZE of them, from packs of LANES rows that stay in the
// first cache while they are used for J columns of A.
template <typename T, int SIZE> class Changes
{
    static const int LANES = 8;
    const size_t n;
    std::vector<T> columns, packed;

public:
    // Entries of A that may be read, and written as they were, beyond its last.
    static const size_t SLACK = LANES;

    explicit Changes(size_t n) : n(n), columns(n*SIZE), packed((n + LANES)*SIZE) {}
    T* operator[](int c) { return &columns[c*n]; }
    const T* operator[](int c) const { return &columns[c*n]; }

    void pack()
    {
        for (size_t i = 0; i < n; i++)
            for (int c = 0; c < SIZE; c++)
                packed[i/LANES*LANES*SIZE + c*LANES + i % LANES] = columns[c*n + i];
    }

    // J columns of A, of which the first begins at ``a``, from row ``first`` or up to LANES - 1 rows above it.
    template <int J> void subtract(T* a, const T (&w)[J][SIZE], size_t first) const
    {
        for (size_t i = first/LANES*LANES; i < n; i += LANES) {
            const T* rows = &packed[i*SIZE];
            T value[J][LANES];
            for (int b = 0; b < J; b++)
                std::memcpy(value[b], a + b*n + i, sizeof value[b]);
            for (int c = 0; c < SIZE; c++)
                for (int b = 0; b < J; b++)
                    for (int l = 0; l < LANES; l++)
                        value[b][l] -= rows[c*LANES + l]*w[b][c];
            for (int b = 0; b < J; b++)
                std::memcpy(a + b*n + i, value[b], sizeof value[b]);
        }
    }
};

}  // namespace snnlab

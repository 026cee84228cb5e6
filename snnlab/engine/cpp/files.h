// Files and exit statuses of a C++ program: raw arrays in, raw arrays out, and one line for what goes wrong.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>
#include <vector>

namespace snnlab {

// Exit statuses: force/program.py tells DIVERGED from the rest.
const int DISK = 71, FOREIGN = 72, MEMORY = 73, DIVERGED = 74, ORPHAN = 75;

inline void stop(int status, const std::string& message)
{
    std::fprintf(stderr, "%s\n", message.c_str());
    std::_Exit(status);
}

template <typename T> void read(const std::string& path, T* values, size_t n)
{
    std::ifstream file(path, std::ios::binary | std::ios::ate);
    const long long expected = n*sizeof(T);
    if (!file || file.tellg() != expected)
        stop(FOREIGN, path + ": expected " + std::to_string(expected) + " bytes");
    file.seekg(0);
    file.read(reinterpret_cast<char*>(values), expected);
}

template <typename T> std::vector<T> read(const std::string& path)
{
    std::ifstream file(path, std::ios::binary | std::ios::ate);
    if (!file)
        stop(FOREIGN, path + ": missing");
    std::vector<T> values(size_t(file.tellg())/sizeof(T));
    read(path, values.data(), values.size());
    return values;
}

template <typename T> void write(const std::string& path, const T* values, size_t n)
{
    std::FILE* file = std::fopen(path.c_str(), "wb");
    bool good = file && std::fwrite(values, sizeof(T), n, file) == n;
    if (file)
        good = std::fclose(file) == 0 && good;
    if (!good)
        stop(DISK, path + ": cannot be written, is the disk full?");
}

}  // namespace snnlab

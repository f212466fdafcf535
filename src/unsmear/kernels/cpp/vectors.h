// Vectors of the widest registers that the compiler was told of, and each thread's working memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#if defined(__AVX512F__)
constexpr int kLanes = 16;
constexpr bool kManyRegisters = true;
#elif defined(__AVX__)
constexpr int kLanes = 8;
constexpr bool kManyRegisters = false;
#elif defined(__aarch64__)
constexpr int kLanes = 4;
constexpr bool kManyRegisters = true;
#else
constexpr int kLanes = 4;
constexpr bool kManyRegisters = false;
#endif

typedef float Vector __attribute__((vector_size(sizeof(float) * kLanes), aligned(alignof(float)), may_alias));

inline Vector load(const float* from) { return *reinterpret_cast<const Vector*>(from); }

inline void store(float* to, Vector value) { *reinterpret_cast<Vector*>(to) = value; }

// ReLU of a normalised value; what is not a number stays so.
inline Vector activate(Vector value, Vector scale, Vector shift) {
  const Vector normalised = value * scale + shift;
  return normalised < 0 ? Vector{} : normalised;
}

// Memory of the calling thread, aligned to cache lines; its content is lost at the next call.
inline float* working_memory(std::size_t size) {
  constexpr std::size_t line = 64;
  thread_local std::vector<float> kept;
  if (kept.size() < size + line / sizeof(float)) kept.resize(size + line / sizeof(float));
  return reinterpret_cast<float*>((reinterpret_cast<std::uintptr_t>(kept.data()) + line - 1) / line * line);
}

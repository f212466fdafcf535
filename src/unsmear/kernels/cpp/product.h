// Matrix product whose sums stay in registers: rows x depth times a panel of depth x width.
#pragma once

#include <algorithm>
#include <array>
#include <utility>

#include "vectors.h"

// Long sums are made of shorter ones, so that rounding grows less than in one running sum.
constexpr int kSummedAtOnce = 64;

// The panel that follows in memory is fetched ahead.
template <int ROWS, int VECTORS>
void multiply_rows(const float* left, const float* panel, int depth, bool add, float* result) {
  constexpr int width = VECTORS * kLanes;
  for (int begin = 0; begin < depth; begin += kSummedAtOnce) {
    Vector sums[ROWS][VECTORS] = {};
    const int end = std::min(depth, begin + kSummedAtOnce);
    for (int k = begin; k < end; ++k) {
      Vector right[VECTORS];
      for (int v = 0; v < VECTORS; ++v) {
        right[v] = load(panel + k * width + v * kLanes);
        __builtin_prefetch(panel + (depth + k) * width + v * kLanes);
      }
      for (int row = 0; row < ROWS; ++row)
        for (int v = 0; v < VECTORS; ++v) sums[row][v] += left[row * depth + k] * right[v];
    }
    for (int row = 0; row < ROWS; ++row)
      for (int v = 0; v < VECTORS; ++v) {
        float* at = result + row * width + v * kLanes;
        store(at, add || begin ? load(at) + sums[row][v] : sums[row][v]);
      }
  }
}

using MultiplyRows = void (*)(const float*, const float*, int, bool, float*);

// Entry i multiplies i + 1 rows.
template <int VECTORS, int... INDICES>
constexpr std::array<MultiplyRows, sizeof...(INDICES)> multipliers(std::integer_sequence<int, INDICES...>) {
  return {multiply_rows<INDICES + 1, VECTORS>...};
}

// As many rows as leave registers for the panel's vectors and one factor.
constexpr auto kByTwoVectors = multipliers<2>(std::make_integer_sequence<int, kManyRegisters ? 14 : 6>());
constexpr auto kByThreeVectors = multipliers<3>(std::make_integer_sequence<int, kManyRegisters ? 9 : 4>());

// Columns of one panel of a matrix with that many columns: three vectors where two would leave a rest.
inline int panel_width(int columns) {
  return columns % (2 * kLanes) && columns % (3 * kLanes) == 0 ? 3 * kLanes : 2 * kLanes;
}

// left: (rows, depth); panel: (depth, width); result: (rows, width), which is added to where `add` says so.
inline void multiply(const float* left, const float* panel, int rows, int depth, int width, bool add, float* result) {
  const bool three = width == 3 * kLanes;
  const int most = three ? kByThreeVectors.size() : kByTwoVectors.size();
  for (int groups = (rows + most - 1) / most; groups > 0; --groups) {
    const int now = (rows + groups - 1) / groups;
    (three ? kByThreeVectors[now - 1] : kByTwoVectors[now - 1])(left, panel, depth, add, result);
    left += now * depth;
    result += now * width;
    rows -= now;
  }
}

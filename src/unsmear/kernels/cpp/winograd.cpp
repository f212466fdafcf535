// 3x3 convolution with 36 multiplications for 16 results instead of 144.
//
// Source: Lavin and Gray, "Fast Algorithms for Convolutional Neural Networks", CVPR 2016, F(4x4, 3x3), here
// with the points 0, 1, -1, 1/2, -2 and infinity, which round less than the paper's. A dilated convolution is a
// dense one on every dilation-th pixel.

#include <algorithm>
#include <vector>

#include "convolution.h"

namespace {

constexpr int kTile = 4, kPatch = 6, kPoints = kPatch * kPatch;
constexpr int kTilesAtOnce = 28;

// Its first pixel.
struct Tile {
  int sample, y, x;
};

std::vector<Tile> list_tiles(const Convolution& c) {
  std::vector<Tile> tiles;
  for (int sample = 0; sample < c.batch; ++sample)
    for (int first_y = 0; first_y < std::min(c.dilation, c.height); ++first_y)
      for (int first_x = 0; first_x < std::min(c.dilation, c.width); ++first_x)
        for (int y = first_y; y < c.height; y += kTile * c.dilation)
          for (int x = first_x; x < c.width; x += kTile * c.dilation) tiles.push_back({sample, y, x});
  return tiles;
}

// Six neighbours to six points, in place.
void to_points(Vector* d, int step) {
  const Vector d0 = d[0], d1 = d[step], d2 = d[2 * step], d3 = d[3 * step], d4 = d[4 * step], d5 = d[5 * step];
  const Vector even = d4 - d2, odd = d3 - d1;
  d[0] = d0 - d2 + even + 1.5f * odd;
  d[step] = d4 - d1 + 0.5f * d2 + 2.5f * d3;
  d[2 * step] = d4 + d1 - 2.5f * d2 + 0.5f * d3;
  d[3 * step] = even + 2.f * odd;
  d[4 * step] = even - 0.5f * odd;
  d[5 * step] = d5 - d3 - odd + 1.5f * even;
}

// Six points to four results, in place.
void from_points(Vector* m, int step) {
  const Vector m0 = m[0], m1 = m[step], m2 = m[2 * step], m3 = m[3 * step], m4 = m[4 * step], m5 = m[5 * step];
  const Vector sum = m1 + m2, difference = m1 - m2;
  m[0] = m0 + sum + m3 + m4;
  m[step] = difference + 0.5f * m3 - 2.f * m4;
  m[2 * step] = sum + 0.25f * m3 + 4.f * m4;
  m[3 * step] = difference + 0.125f * m3 - 8.f * m4 + m5;
}

// The neighbourhood of a tile, zero outside the maps: (6, 6, inputs).
void cut_patch(const Convolution& c, const Activation& activation, const Tile& tile, float* patch) {
  for (int i = 0; i < kPatch; ++i)
    for (int j = 0; j < kPatch; ++j, patch += c.inputs) {
      const int y = tile.y + c.dilation * (i - 1), x = tile.x + c.dilation * (j - 1);
      if (y >= 0 && y < c.height && x >= 0 && x < c.width)
        activation.write(tile.sample, y, x, 1, kTile * c.dilation, patch);
      else
        std::fill_n(patch, c.inputs, 0.f);
    }
}

// patch: (6, 6, inputs); to: 36 planes, `plane` apart.
void transform(const float* patch, int inputs, float* to, long plane) {
  for (int c = 0; c < inputs; c += kLanes) {
    Vector d[kPoints];
    for (int j = 0; j < kPatch; ++j) {
      for (int i = 0; i < kPatch; ++i) d[i * kPatch + j] = load(patch + (i * kPatch + j) * inputs + c);
      to_points(d + j, kPatch);
    }
    for (int i = 0; i < kPatch; ++i) to_points(d + i * kPatch, 1);
    for (int p = 0; p < kPoints; ++p) store(to + p * plane + c, d[p]);
  }
}

// products: 36 planes, `plane` apart, of the outputs from `first` on.
void transform_back(const Convolution& c, const Tile& tile, const float* products, long plane, int first) {
  Vector m[kPoints];
  for (int j = 0; j < kPatch; ++j) {
    for (int i = 0; i < kPatch; ++i) m[i * kPatch + j] = load(products + (i * kPatch + j) * plane);
    from_points(m + j, kPatch);
  }
  for (int i = 0; i < kTile && tile.y + c.dilation * i < c.height; ++i) {
    from_points(m + i * kPatch, 1);
    for (int j = 0; j < kTile && tile.x + c.dilation * j < c.width; ++j)
      c.finish(m[i * kPatch + j], c.pixel(tile.sample, tile.y + c.dilation * i, tile.x + c.dilation * j), first);
  }
}

void expect_tile(const Convolution& c, const Tile& tile, int first) {
  for (int y = tile.y; y < std::min(c.height, tile.y + kTile * c.dilation); y += c.dilation)
    for (int x = tile.x; x < std::min(c.width, tile.x + kTile * c.dilation); x += c.dilation)
      c.expect(c.pixel(tile.sample, y, x), first);
}

// Some tiles that follow each other, as one thread computes them.
void convolve_tiles(const Convolution& c, const Activation& activation, const Tile* tiles, long count) {
  const long input_plane = count * c.inputs, product_plane = count * c.columns;
  float* patch = working_memory(kPoints * (c.inputs + input_plane + product_plane));
  float* points = patch + kPoints * c.inputs;
  float* products = points + kPoints * input_plane;
  for (long i = 0; i < count; ++i) {
    cut_patch(c, activation, tiles[i], patch);
    transform(patch, c.inputs, points + i * c.inputs, input_plane);
  }
  for (int begin = 0; begin < c.outputs; begin += c.columns) {
    for (int p = 0; p < kPoints; ++p)
      multiply(points + p * input_plane, c.panel(begin, p, kPoints), count, c.inputs, c.columns, false,
               products + p * product_plane);
    for (long i = 0; i < count; ++i) {
      if (i + 1 < count) expect_tile(c, tiles[i + 1], begin);
      for (int v = 0; v < c.columns && begin + v < c.outputs; v += kLanes)
        transform_back(c, tiles[i], products + i * c.columns + v, product_plane, begin + v);
    }
  }
}

}  // namespace

// weights: (panels, 36, inputs, columns), the 3x3 weights at the points
extern "C" void convolve_winograd(const Convolution* convolution) {
  const Convolution& c = *convolution;
  const Activation activation(c);
  const std::vector<Tile> tiles = list_tiles(c);
  const long total = tiles.size(), blocks = (total + kTilesAtOnce - 1) / kTilesAtOnce;
  const long shares = (blocks + c.threads - 1) / c.threads * c.threads;
#pragma omp parallel for num_threads(c.threads)
  for (long share = 0; share < shares; ++share) {
    const long first = total * share / shares, end = total * (share + 1) / shares;
    if (first < end) convolve_tiles(c, activation, tiles.data() + first, end - first);
  }
}

extern "C" int lanes() { return kLanes; }

extern "C" int columns_of_panel(int outputs) { return panel_width(outputs); }

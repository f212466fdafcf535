// A gated block of a joint network in one pass over maps with channels innermost: what lies between its layers never
// leaves the near caches.

#include <algorithm>
#include <cmath>

#include "product.h"

namespace {

constexpr int kStrip = 64;  // pixels of a row that are computed at once
constexpr int kMostRows = 64;
constexpr int kPair = 2 * kLanes;  // a vector of the first half of the channels beside its factor of the second half
constexpr int kTogether = 4;       // pixels that share a load of their weights
constexpr float kEpsilon = 1e-6f;

// A 1x1 convolution; gated.py lays its weights out.
struct Layer {
  const float* weights;  // (panels, inputs, columns)
  const float* bias;     // (panels, columns)
};

}  // namespace

// What is to be computed; gated.py declares the same. Inner channels fill up their vectors.
struct GatedBlock {
  const float* x;  // (batch, height, width, channels)
  float* out;      // of the shape of x
  Layer expand1, project1, expand2, project2;
  const float* taps;      // (pairs, 9, kPair)
  const float* tap_bias;  // (pairs, kPair)
  int batch, height, width, channels;
  int pairs;    // of vectors
  int columns;  // of a projection's panel
  int threads;
};

namespace {

float sum_lanes(Vector value) {
  float parts[kLanes];
  store(parts, value);
  for (int half = kLanes / 2; half > 0; half /= 2)
    for (int i = 0; i < half; ++i) parts[i] += parts[i + half];
  return parts[0];
}

// Zero mean and unit variance over the channels of each pixel.
void normalise(const float* from, int pixels, int channels, float* to) {
  const int whole = channels / kLanes * kLanes;
  for (int i = 0; i < pixels; ++i, from += channels, to += channels) {
    Vector sum = {}, squares = {};
    float rest = 0, rest_squares = 0;
    for (int c = 0; c < whole; c += kLanes) sum += load(from + c);
    for (int c = whole; c < channels; ++c) rest += from[c];
    const float mean = (sum_lanes(sum) + rest) / channels;
    for (int c = 0; c < whole; c += kLanes) {
      const Vector off = load(from + c) - mean;
      squares += off * off;
    }
    for (int c = whole; c < channels; ++c) rest_squares += (from[c] - mean) * (from[c] - mean);
    const float factor = 1 / std::sqrt((sum_lanes(squares) + rest_squares) / channels + kEpsilon);
    for (int c = 0; c < whole; c += kLanes) store(to + c, (load(from + c) - mean) * factor);
    for (int c = whole; c < channels; ++c) to[c] = (from[c] - mean) * factor;
  }
}

// to = from + layer(gated), (pixels, channels)
void project(const GatedBlock& b, const Layer& layer, const float* gated, int pixels, const float* from, float* sums,
             float* to) {
  const int depth = b.pairs * kLanes;
  for (int first = 0, panel = 0; first < b.channels; first += b.columns, ++panel) {
    multiply(gated, layer.weights + static_cast<long>(panel) * depth * b.columns, pixels, depth, b.columns, false, sums);
    const float* bias = layer.bias + panel * b.columns;
    const int end = std::min(b.columns, b.channels - first), whole = end / kLanes * kLanes;
    for (int i = 0; i < pixels; ++i) {
      const long at = static_cast<long>(i) * b.channels + first;
      const float* sum = sums + i * b.columns;
      for (int c = 0; c < whole; c += kLanes) store(to + at + c, load(from + at + c) + load(sum + c) + load(bias + c));
      for (int c = whole; c < end; ++c) to[at + c] = from[at + c] + sum[c] + bias[c];
    }
  }
}

// Where the hidden maps of a pair and a row lie: kStrip pixels with one more on either side.
constexpr int kHiddenRow = (kStrip + 2) * kPair;

// Hidden maps of row y from pixel left - 1 to right, both included; zero outside the picture.
void expand_row(const GatedBlock& b, const float* picture, int y, int left, int right, float* normalised, float* hidden) {
  const int first = std::max(0, left - 1), end = std::min(b.width, right + 1), count = end - first;
  if (y < 0 || y >= b.height) {
    std::fill_n(hidden, static_cast<long>(b.pairs) * kHiddenRow, 0.f);
    return;
  }
  normalise(picture + (static_cast<long>(y) * b.width + first) * b.channels, count, b.channels, normalised);
  for (int pair = 0; pair < b.pairs; ++pair) {
    float* row = hidden + static_cast<long>(pair) * kHiddenRow;
    float* inside = row + (first - left + 1) * kPair;
    multiply(normalised, b.expand1.weights + static_cast<long>(pair) * b.channels * kPair, count, b.channels, kPair,
             false, inside);
    const Vector bias[2] = {load(b.expand1.bias + pair * kPair), load(b.expand1.bias + pair * kPair + kLanes)};
    for (int i = 0; i < count; ++i)
      for (int v = 0; v < 2; ++v) {
        float* at = inside + i * kPair + v * kLanes;
        store(at, load(at) + bias[v]);
      }
    if (first == left) std::fill_n(row, kPair, 0.f);
    if (end == right) std::fill_n(row + (right - left + 1) * kPair, kPair, 0.f);
  }
}

// 3x3 depth-wise convolution of a pair at PIXELS neighbours, then the product of its two vectors.
template <int PIXELS>
void gate_taps(const float* const rows[3], const float* taps, const float* bias, int depth, float* to) {
  Vector sums[PIXELS][2];
  for (int i = 0; i < PIXELS; ++i)
    for (int v = 0; v < 2; ++v) sums[i][v] = load(bias + v * kLanes);
  for (int y = 0; y < 3; ++y)
    for (int x = 0; x < 3; ++x, taps += kPair) {
      const Vector weights[2] = {load(taps), load(taps + kLanes)};
      for (int i = 0; i < PIXELS; ++i)
        for (int v = 0; v < 2; ++v) sums[i][v] += load(rows[y] + (i + x) * kPair + v * kLanes) * weights[v];
    }
  for (int i = 0; i < PIXELS; ++i) store(to + i * depth, sums[i][0] * sums[i][1]);
}

// Rows top to bottom of the strip from left to right.
void compute_strip(const GatedBlock& b, int sample, int top, int bottom, int left, int right) {
  const int depth = b.pairs * kLanes, pixels = right - left;
  const long hidden_size = static_cast<long>(b.pairs) * kHiddenRow, plane = static_cast<long>(b.height) * b.width;
  const float* picture = b.x + sample * plane * b.channels;
  const int room = (kStrip + 2) * std::max(b.channels, depth);
  float* hidden = working_memory(3 * hidden_size + 3 * room + (kStrip + 2) * 3 * kLanes);
  float *normalised = hidden + 3 * hidden_size, *gated = normalised + room, *middle = gated + room;
  float* sums = middle + room;
  const auto row_of = [=](int y) { return hidden + (y + 3) % 3 * hidden_size; };
  for (int y = top - 1; y <= bottom; ++y) {
    expand_row(b, picture, y, left, right, normalised, row_of(y));
    if (y <= top) continue;
    const int now = y - 1;
    for (int pair = 0; pair < b.pairs; ++pair) {
      const float *taps = b.taps + pair * 9 * kPair, *bias = b.tap_bias + pair * kPair;
      int i = 0;
      const auto advance = [&](auto gate, int step) {
        for (; i + step <= pixels; i += step) {
          const float* rows[3];
          for (int k = 0; k < 3; ++k) rows[k] = row_of(now - 1 + k) + pair * static_cast<long>(kHiddenRow) + i * kPair;
          gate(rows, taps, bias, depth, gated + i * depth + pair * kLanes);
        }
      };
      advance(gate_taps<kTogether>, kTogether);
      advance(gate_taps<1>, 1);
    }
    const long at = (static_cast<long>(now) * b.width + left) * b.channels;
    project(b, b.project1, gated, pixels, picture + at, sums, middle);
    normalise(middle, pixels, b.channels, normalised);
    for (int pair = 0; pair < b.pairs; ++pair) {
      multiply(normalised, b.expand2.weights + static_cast<long>(pair) * b.channels * kPair, pixels, b.channels, kPair,
               false, sums);
      const float* bias = b.expand2.bias + pair * kPair;
      for (int i = 0; i < pixels; ++i) {
        const float* both = sums + i * kPair;
        store(gated + i * depth + pair * kLanes,
              (load(both) + load(bias)) * (load(both + kLanes) + load(bias + kLanes)));
      }
    }
    project(b, b.project2, gated, pixels, middle, sums, b.out + sample * plane * b.channels + at);
  }
}

}  // namespace

extern "C" void compute_gated_block(const GatedBlock* block) {
  const GatedBlock& b = *block;
  const int strips = (b.width + kStrip - 1) / kStrip;
  // As many tasks as keep all threads busy, but each with rows enough to share their neighbours.
  const int wanted = static_cast<int>(static_cast<long>(b.batch) * strips * b.height / (4L * b.threads));
  const int rows = std::max(8, std::min(kMostRows, wanted)), bands = (b.height + rows - 1) / rows;
#pragma omp parallel for collapse(3) num_threads(b.threads) schedule(dynamic)
  for (int sample = 0; sample < b.batch; ++sample)
    for (int band = 0; band < bands; ++band)
      for (int strip = 0; strip < strips; ++strip)
        compute_strip(b, sample, band * rows, std::min(b.height, (band + 1) * rows), strip * kStrip,
                      std::min(b.width, (strip + 1) * kStrip));
}

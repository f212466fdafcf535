// Instance norm, ReLU and a convolution without bias, in one pass over maps with channels innermost.
#pragma once

#include <algorithm>
#include <vector>

#include "product.h"

// What is to be computed; convolution.py declares the same.
struct Convolution {
  const float* x;                       // (batch, height, width, inputs); inputs a multiple of kLanes
  const float *means, *deviations;      // (batch, inputs)
  const float *gain, *bias;             // (inputs)
  const float* weights;                 // (panels, taps or points, inputs, columns)
  const float* add;                     // of the shape of out, or null; may be out
  float* out;                           // (batch, height, width, outputs)
  int batch, height, width, inputs, outputs;
  int columns;                          // of a panel: panel_width(outputs)
  int size, dilation, threads;

  const float* panel(int first_output, int index, int indices) const {
    return weights + (static_cast<long>(first_output) * indices + static_cast<long>(index) * columns) * inputs;
  }

  long pixel(int sample, int y, int x) const { return (static_cast<long>(sample) * height + y) * width + x; }

  // One vector of results, from output `first` on.
  void finish(Vector value, long pixel, int first) const {
    const long at = pixel * outputs + first;
    if (first + kLanes <= outputs) {
      store(out + at, add ? load(add + at) + value : value);
    } else {
      for (int i = 0; first + i < outputs; ++i) out[at + i] = add ? add[at + i] + value[i] : value[i];
    }
  }

  // Fetch what finish() will need.
  void expect(long pixel, int first) const {
    constexpr int line = 64 / sizeof(float);
    const long at = pixel * outputs + first;
    for (int i = 0; i < columns; i += line) {
      __builtin_prefetch(out + at + i, 1);
      if (add) __builtin_prefetch(add + at + i);
    }
  }
};

// The normalised input.
class Activation {
 public:
  explicit Activation(const Convolution& c) : c_(c), scales_(c.batch * c.inputs), shifts_(c.batch * c.inputs) {
    for (int i = 0; i < c.batch * c.inputs; ++i) {
      scales_[i] = c.gain[i % c.inputs] / c.deviations[i];
      shifts_[i] = c.bias[i % c.inputs] - c.means[i] * scales_[i];
    }
  }

  // All channels of `count` pixels that follow each other; those `ahead` pixels on are fetched.
  void write(int sample, int y, int x, long count, int ahead, float* to) const {
    const int channels = c_.inputs;
    const float *scale = scales_.data() + sample * channels, *shift = shifts_.data() + sample * channels;
    const float* from = c_.x + c_.pixel(sample, y, x) * channels;
    for (long i = 0; i < count; ++i, from += channels, to += channels)
      for (int c = 0; c < channels; c += kLanes) {
        __builtin_prefetch(from + ahead * channels + c);
        store(to + c, activate(load(from + c), load(scale + c), load(shift + c)));
      }
  }

 private:
  const Convolution& c_;
  std::vector<float> scales_, shifts_;
};

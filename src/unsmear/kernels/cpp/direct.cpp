// Convolution as a sum of matrix products, one a tap: for 1x1, and where a wide dilation leaves few taps inside.

#include <algorithm>
#include <cstdlib>

#include "convolution.h"

namespace {

constexpr int kPixelsAtOnce = 112;

}  // namespace

// weights: (panels, size x size, inputs, columns)
extern "C" void convolve_direct(const Convolution* convolution) {
  const Convolution& c = *convolution;
  const Activation activation(c);
  const int columns = c.columns, panels = (c.outputs + columns - 1) / columns, taps = c.size * c.size;
  const int rows = std::max(1, std::min(c.height, kPixelsAtOnce / c.width)), strips = (c.height + rows - 1) / rows;
#pragma omp parallel for collapse(2) num_threads(c.threads)
  for (int sample = 0; sample < c.batch; ++sample)
    for (int strip = 0; strip < strips; ++strip) {
      const int top = strip * rows, bottom = std::min(c.height, top + rows);
      const long pixels = static_cast<long>(rows) * c.width;
      float* active = working_memory(pixels * (c.inputs + panels * columns));
      float* sums = active + pixels * c.inputs;  // (panels, pixels, columns)
      std::fill_n(sums, pixels * panels * columns, 0.f);
      for (int tap_y = 0; tap_y < c.size; ++tap_y) {
        const int dy = (tap_y - c.size / 2) * c.dilation;
        const int first_y = std::max(top, -dy), end_y = std::min(bottom, c.height - dy);
        if (first_y >= end_y) continue;
        activation.write(sample, first_y + dy, 0, static_cast<long>(end_y - first_y) * c.width, 4, active);
        for (int panel = 0; panel < panels; ++panel)
          for (int tap_x = 0; tap_x < c.size; ++tap_x) {
            const int dx = (tap_x - c.size / 2) * c.dilation, first_x = std::max(0, -dx);
            const int inside = c.width - std::abs(dx);
            if (inside <= 0) continue;
            const float* weights = c.panel(panel * columns, tap_y * c.size + tap_x, taps);
            for (int y = first_y; y < end_y; ++y)
              multiply(active + ((y - first_y) * c.width + first_x + dx) * c.inputs, weights, inside, c.inputs, columns,
                       true, sums + (panel * pixels + (y - top) * c.width + first_x) * columns);
          }
      }
      for (long i = 0; i < static_cast<long>(bottom - top) * c.width; ++i)
        for (int output = 0; output < c.outputs; output += kLanes) {
          const int panel = output / columns;
          c.finish(load(sums + (panel * pixels + i) * columns + output % columns), c.pixel(sample, top, 0) + i, output);
        }
    }
}

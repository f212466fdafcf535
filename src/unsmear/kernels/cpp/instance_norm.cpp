// Mean and standard deviation of each plane.

#include <algorithm>
#include <cmath>
#include <vector>

#include "vectors.h"

namespace {

constexpr long kPixelsAtOnce = 128;  // remain in the nearest cache between the two passes over them

// Means of `count` pixels, then sums of squared differences from them: (2, channels).
void measure_pixels(const float* x, long count, int channels, float* to) {
  for (int c = 0; c < channels; c += kLanes) {
    Vector sums[4] = {}, squares[4] = {};
    for (long i = 0; i < count; ++i) sums[i % 4] += load(x + i * channels + c);
    const Vector mean = ((sums[0] + sums[1]) + (sums[2] + sums[3])) / static_cast<float>(count);
    for (long i = 0; i < count; ++i) {
      const Vector off = load(x + i * channels + c) - mean;
      squares[i % 4] += off * off;
    }
    store(to + c, mean);
    store(to + channels + c, (squares[0] + squares[1]) + (squares[2] + squares[3]));
  }
}

}  // namespace

// x: (batch, pixels, channels), channels a multiple of kLanes; means, deviations: (batch, channels). The
// deviation is the root of variance + 1e-5. Pieces are joined as in Chan, Golub, LeVeque, "Updating Formulae
// and a Pairwise Algorithm for Computing Sample Variances", 1979.
extern "C" void measure_planes(const float* x, float* means, float* deviations, int batch, long pixels, int channels,
                               int threads) {
  const long pieces = (pixels + kPixelsAtOnce - 1) / kPixelsAtOnce;
  const auto count_of = [=](long piece) { return std::min(kPixelsAtOnce, pixels - piece * kPixelsAtOnce); };
  std::vector<float> measured(batch * pieces * 2 * channels);
#pragma omp parallel for collapse(2) num_threads(threads)
  for (int sample = 0; sample < batch; ++sample)
    for (long piece = 0; piece < pieces; ++piece)
      measure_pixels(x + (sample * pixels + piece * kPixelsAtOnce) * channels, count_of(piece), channels,
                     measured.data() + (sample * pieces + piece) * 2 * channels);
  for (int sample = 0; sample < batch; ++sample)
    for (int c = 0; c < channels; ++c) {
      double mean = 0, squares = 0, counted = 0;
      for (long piece = 0; piece < pieces; ++piece) {
        const float* part = measured.data() + (sample * pieces + piece) * 2 * channels + c;
        const double count = count_of(piece), off = part[0] - mean, all = counted + count;
        mean += off * count / all;
        squares += part[channels] + off * off * counted * count / all;
        counted = all;
      }
      means[sample * channels + c] = mean;
      deviations[sample * channels + c] = std::sqrt(squares / pixels + 1e-5);
    }
}

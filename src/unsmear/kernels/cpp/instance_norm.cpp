// Mean and standard deviation of each plane.

#include <algorithm>
#include <cmath>
#include <vector>

#include "vectors.h"

namespace {

constexpr long kPixelsAtOnce = 128;  // remain in a near cache between the two passes over them
constexpr long kPixelsAtATime = 4;

// Means of `count` pixels, then sums of squared differences from them: (2, channels). Four pixels are added up
// before the sum is touched, so that memory is read in its order and no addition waits for the one before.
void measure_pixels(const float* x, long count, int channels, float* to) {
  float *means = to, *squares = to + channels;
  std::fill_n(to, 2 * channels, 0.f);
  for (long i = 0; i < count; i += kPixelsAtATime)
    for (int c = 0; c < channels; c += kLanes) {
      Vector sum = {};
      for (long j = i; j < std::min(count, i + kPixelsAtATime); ++j) sum += load(x + j * channels + c);
      store(means + c, load(means + c) + sum);
    }
  for (int c = 0; c < channels; c += kLanes) store(means + c, load(means + c) / static_cast<float>(count));
  for (long i = 0; i < count; i += kPixelsAtATime)
    for (int c = 0; c < channels; c += kLanes) {
      const Vector mean = load(means + c);
      Vector sum = {};
      for (long j = i; j < std::min(count, i + kPixelsAtATime); ++j) {
        const Vector off = load(x + j * channels + c) - mean;
        sum += off * off;
      }
      store(squares + c, load(squares + c) + sum);
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

// Frames of a motion network from what its last layer gives: reference pictures moved and corrected, in one pass.

#include <algorithm>
#include <cmath>

// What is to be computed; motion.py declares the same.
struct Movement {
  const float* pictures;  // (batch, inputs, 3, height, width)
  const float* maps;      // (batch, height / patch, width / patch, channels): displacements (x, y), then corrections
  const int* references;  // (frames), of the inputs
  float* out;             // (batch, frames, 3, height, width)
  float pixels;           // that a unit of displacement stands for
  int batch, inputs, frames, height, width, patch, threads;
};

namespace {

// Two neighbours on a line and the share of the second; beyond the ends, the end itself.
struct Place {
  long first, second;
  float share;

  Place(float at, long length) {
    at = std::min(std::max(at, 0.f), static_cast<float>(length - 1));
    first = static_cast<long>(at);
    second = std::min(first + 1, length - 1);
    share = at - first;
  }
};

float mix(float first, float second, float share) { return first + share * (second - first); }

void move_row(const Movement& m, int sample, int frame, int y) {
  const int rows = m.height / m.patch, columns = m.width / m.patch, area = m.patch * m.patch;
  const int channels = m.frames * (2 + 3 * area);
  const long plane = static_cast<long>(m.height) * m.width;
  const float* maps = m.maps + static_cast<long>(sample) * rows * columns * channels;
  const float* picture = m.pictures + (static_cast<long>(sample) * m.inputs + m.references[frame]) * 3 * plane;
  float* out = m.out + (static_cast<long>(sample) * m.frames + frame) * 3 * plane + static_cast<long>(y) * m.width;
  const Place down((y + 0.5f) / m.patch - 0.5f, rows);
  const float *upper = maps + down.first * columns * channels + 2 * frame;
  const float *lower = maps + down.second * columns * channels + 2 * frame;
  const float* corrections = maps + static_cast<long>(y / m.patch) * columns * channels + 2 * m.frames +
                             3 * frame * area + y % m.patch * m.patch;
  for (int x = 0; x < m.width; ++x) {
    const Place across((x + 0.5f) / m.patch - 0.5f, columns);
    const long left = across.first * channels, right = across.second * channels;
    float travel[2];
    for (int i = 0; i < 2; ++i)
      travel[i] = m.pixels * mix(mix(upper[left + i], upper[right + i], across.share),
                                 mix(lower[left + i], lower[right + i], across.share), down.share);
    const Place column(x + travel[0], m.width), row(y + travel[1], m.height);
    const float* correction = corrections + static_cast<long>(x / m.patch) * channels + x % m.patch;
    const float *above = picture + row.first * m.width, *below = picture + row.second * m.width;
    for (int c = 0; c < 3; ++c, above += plane, below += plane)
      out[c * plane + x] = mix(mix(above[column.first], above[column.second], column.share),
                               mix(below[column.first], below[column.second], column.share), row.share) +
                           correction[c * area];
  }
}

}  // namespace

extern "C" void move_frames(const Movement* movement) {
  const Movement& m = *movement;
#pragma omp parallel for collapse(3) num_threads(m.threads)
  for (int sample = 0; sample < m.batch; ++sample)
    for (int y = 0; y < m.height; ++y)
      for (int frame = 0; frame < m.frames; ++frame) move_row(m, sample, frame, y);
}

// Frames of a motion network from what its last layer gives: reference pictures moved and corrected, in one pass.

#include <algorithm>

#include "vectors.h"

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

// Nearest place of a line of so many, as a real number; what is no number is the first.
inline float keep_within(float at, int length) {
  const float last = static_cast<float>(length - 1), low = at > 0 ? at : 0.f;
  return low < last ? low : last;
}

inline float mix(float first, float second, float share) { return first + share * (second - first); }

// Where the pixels of a row come from: a pixel above and its neighbours to the right and below, with their shares.
struct Sources {
  float *columns[2], *across, *down;  // displacements of the row's cells (x, y); shares
  int *above, *right, *below;         // index in a plane; steps from there, 0 at the border

  Sources(int cells, int width) {
    float* memory = working_memory(2 * static_cast<std::size_t>(cells) + 5 * static_cast<std::size_t>(width));
    columns[0] = memory, columns[1] = memory + cells;
    across = columns[1] + cells, down = across + width;
    above = reinterpret_cast<int*>(down + width), right = above + width, below = right + width;
  }
};

// Each loop below is written so that the compiler makes vectors of it.
void find_sources(const Movement& m, const float* maps, int frame, int y, const Sources& s) {
  const int rows = m.height / m.patch, cells = m.width / m.patch, channels = m.frames * (2 + 3 * m.patch * m.patch);
  const int width = m.width, height = m.height;
  const float place = keep_within((y + 0.5f) / m.patch - 0.5f, rows);
  const int first = static_cast<int>(place), second = std::min(first + 1, rows - 1);
  const float *upper = maps + static_cast<long>(first) * cells * channels + 2 * frame;
  const float *lower = maps + static_cast<long>(second) * cells * channels + 2 * frame;
  float *__restrict columns = s.columns[0], *__restrict lines = s.columns[1];
  const float pixels = m.pixels, low = place - first;
  for (long cell = 0; cell < cells; ++cell) {
    columns[cell] = pixels * mix(upper[cell * channels], lower[cell * channels], low);
    lines[cell] = pixels * mix(upper[cell * channels + 1], lower[cell * channels + 1], low);
  }
  float *__restrict across = s.across, *__restrict down = s.down;
  int *__restrict above = s.above, *__restrict right = s.right, *__restrict below = s.below;
  const float scale = 1.f / m.patch;
  const int last = cells - 1;
  for (int x = 0; x < width; ++x) {
    const float at = keep_within((x + 0.5f) * scale - 0.5f, cells);
    const int left = static_cast<int>(at), next = left < last ? left + 1 : last;
    const float share = at - left;
    across[x] = x + mix(columns[left], columns[next], share);
    down[x] = y + mix(lines[left], lines[next], share);
  }
  for (int x = 0; x < width; ++x) {
    const float column = keep_within(across[x], width), row = keep_within(down[x], height);
    const int whole_column = static_cast<int>(column), whole_row = static_cast<int>(row);
    across[x] = column - whole_column;
    down[x] = row - whole_row;
    above[x] = whole_row * width + whole_column;
    right[x] = whole_column + 1 < width ? 1 : 0;
    below[x] = whole_row + 1 < height ? width : 0;
  }
}

// One colour of a row, between its sources' pixels bilinear.
void take(const float* __restrict from, const Sources& s, int width, float* __restrict out) {
  const float *__restrict across = s.across, *__restrict down = s.down;
  const int *__restrict above = s.above, *__restrict right = s.right, *__restrict below = s.below;
  for (int x = 0; x < width; ++x) {
    const int at = above[x], under = at + below[x], step = right[x];
    const float upper = mix(from[at], from[at + step], across[x]);
    const float lower = mix(from[under], from[under + step], across[x]);
    out[x] = mix(upper, lower, down[x]);
  }
}

void move_row(const Movement& m, int sample, int frame, int y) {
  const int cells = m.width / m.patch, area = m.patch * m.patch, channels = m.frames * (2 + 3 * area);
  const long plane = static_cast<long>(m.height) * m.width;
  const float* maps = m.maps + static_cast<long>(sample) * (m.height / m.patch) * cells * channels;
  const Sources s(cells, m.width);
  find_sources(m, maps, frame, y, s);
  for (int c = 0; c < 3; ++c) {
    const float* from = m.pictures + ((static_cast<long>(sample) * m.inputs + m.references[frame]) * 3 + c) * plane;
    float* out = m.out + ((static_cast<long>(sample) * m.frames + frame) * 3 + c) * plane + static_cast<long>(y) * m.width;
    take(from, s, m.width, out);
    const float* correction = maps + static_cast<long>(y / m.patch) * cells * channels + 2 * m.frames +
                              (3 * frame + c) * area + y % m.patch * m.patch;
    for (int i = 0; i < m.patch; ++i)
      for (long cell = 0; cell < cells; ++cell) out[cell * m.patch + i] += correction[cell * channels + i];
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

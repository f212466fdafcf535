// Frames of a motion network from what its last layer gives: reference pictures moved and corrected, in one pass.

#include <algorithm>

#include "vectors.h"

// What is to be computed; motion.py declares the same.
struct Movement {
  const float* pictures;  // (batch, inputs, 3, height, width)
  const float* maps;      // (batch, height / patch, width / patch, channels): displacements (x, y), then corrections
  const int* references;  // (frames), of the inputs
  float* out;             // (batch, frames, 3, height, width): the frames, or their gradient
  float* gradient;        // of the shape of maps; for move_backward alone
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
  float* free[2];                     // 1 where the displacement (x, y) leads inside the picture, else 0
  int *above, *right, *below;         // index in a plane; steps from there, 0 at the border

  Sources(int cells, int width) {
    float* memory = working_memory(2 * static_cast<std::size_t>(cells) + 7 * static_cast<std::size_t>(width));
    columns[0] = memory, columns[1] = memory + cells;
    across = columns[1] + cells, down = across + width;
    free[0] = down + width, free[1] = free[0] + width;
    above = reinterpret_cast<int*>(free[1] + width), right = above + width, below = right + width;
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
  float *__restrict free_across = s.free[0], *__restrict free_down = s.free[1];
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
    free_across[x] = across[x] > 0 && across[x] < width - 1 ? 1.f : 0.f;
    free_down[x] = down[x] > 0 && down[x] < height - 1 ? 1.f : 0.f;
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

// Gradients of the displacements of a row of pixels, (x, y): what its colours gain from one pixel more.
void take_backward(const float* __restrict from, const Sources& s, int width, const float* __restrict gradient,
                   float* __restrict of_x, float* __restrict of_y) {
  const float *__restrict across = s.across, *__restrict down = s.down;
  const int *__restrict above = s.above, *__restrict right = s.right, *__restrict below = s.below;
  for (int x = 0; x < width; ++x) {
    const int at = above[x], under = at + below[x], step = right[x];
    const float a = from[at], b = from[at + step], c = from[under], d = from[under + step];
    of_x[x] += gradient[x] * mix(b - a, d - c, down[x]);
    of_y[x] += gradient[x] * mix(c - a, d - b, across[x]);
  }
}

// One row of one frame: its corrections take the gradient as it is, the cells around its pixels their shares of it.
void move_row_backward(const Movement& m, int sample, int frame, int y, float* of_pixels) {
  const int rows = m.height / m.patch, cells = m.width / m.patch, area = m.patch * m.patch;
  const long channels = m.frames * (2 + 3 * area), plane = static_cast<long>(m.height) * m.width;
  const float* maps = m.maps + static_cast<long>(sample) * rows * cells * channels;
  float* gradients = m.gradient + static_cast<long>(sample) * rows * cells * channels;
  const Sources s(cells, m.width);
  find_sources(m, maps, frame, y, s);
  std::fill_n(of_pixels, 2L * m.width, 0.f);
  for (int c = 0; c < 3; ++c) {
    const float* from = m.pictures + ((static_cast<long>(sample) * m.inputs + m.references[frame]) * 3 + c) * plane;
    const float* gradient =
        m.out + ((static_cast<long>(sample) * m.frames + frame) * 3 + c) * plane + static_cast<long>(y) * m.width;
    take_backward(from, s, m.width, gradient, of_pixels, of_pixels + m.width);
    float* correction = gradients + static_cast<long>(y / m.patch) * cells * channels + 2 * m.frames +
                        (3 * frame + c) * area + y % m.patch * m.patch;
    for (int i = 0; i < m.patch; ++i)
      for (long cell = 0; cell < cells; ++cell) correction[cell * channels + i] = gradient[cell * m.patch + i];
  }
  const float place = keep_within((y + 0.5f) / m.patch - 0.5f, rows);
  const int first = static_cast<int>(place), second = std::min(first + 1, rows - 1);
  const float low = place - first, scale = 1.f / m.patch;
  for (int axis = 0; axis < 2; ++axis) {
    float* of_cells = s.columns[axis];
    std::fill_n(of_cells, cells, 0.f);
    for (int x = 0; x < m.width; ++x) {
      const float at = keep_within((x + 0.5f) * scale - 0.5f, cells);
      const float value = m.pixels * s.free[axis][x] * of_pixels[axis * m.width + x];
      const int left = static_cast<int>(at), next = left < cells - 1 ? left + 1 : left;
      of_cells[left] += value * (1 - (at - left));
      of_cells[next] += value * (at - left);
    }
    float *upper = gradients + first * cells * channels + 2 * frame + axis;
    float *lower = gradients + second * cells * channels + 2 * frame + axis;
    for (int cell = 0; cell < cells; ++cell) {
      upper[cell * channels] += (1 - low) * of_cells[cell];
      lower[cell * channels] += low * of_cells[cell];
    }
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

// Gradient of the maps from that of the frames. Rows of all frames write to the same cells one after the other.
extern "C" void move_backward(const Movement* movement) {
  const Movement& m = *movement;
  const long cells = static_cast<long>(m.height / m.patch) * (m.width / m.patch);
  const long channels = m.frames * (2 + 3 * m.patch * m.patch);
#pragma omp parallel for num_threads(m.threads)
  for (int sample = 0; sample < m.batch; ++sample) {
    for (long cell = 0; cell < cells; ++cell) std::fill_n(m.gradient + (sample * cells + cell) * channels, 2 * m.frames, 0.f);
    std::vector<float> of_pixels(2 * static_cast<std::size_t>(m.width));
    for (int y = 0; y < m.height; ++y)
      for (int frame = 0; frame < m.frames; ++frame) move_row_backward(m, sample, frame, y, of_pixels.data());
  }
}

// What lies between the convolutions of a gated block, and its gradients, one pass over memory each. Maps have their
// channels innermost; those that convolutions read and write are float or bfloat16, sums along the block are float.

#include <omp.h>

#include <cmath>
#include <cstdint>

namespace {

constexpr float kEpsilon = 1e-6f;
// Channels that are computed at once: widths of networks are multiples of eight rather than of sixteen.
constexpr int kFew = 8;

typedef float Floats __attribute__((vector_size(4 * kFew), aligned(4), may_alias));
typedef std::uint32_t Words __attribute__((vector_size(4 * kFew)));
typedef std::uint16_t Halves __attribute__((vector_size(2 * kFew), aligned(2), may_alias));

struct BFloat16 {
  std::uint16_t bits;
};

inline Floats get(const float* from) { return *reinterpret_cast<const Floats*>(from); }

inline Floats get(const BFloat16* from) {
  const Words bits = __builtin_convertvector(*reinterpret_cast<const Halves*>(from), Words) << 16;
  return reinterpret_cast<const Floats&>(bits);
}

inline void put(Floats value, float* to) { *reinterpret_cast<Floats*>(to) = value; }

// To the nearest, ties to even; what is not a number stays so.
inline void put(Floats value, BFloat16* to) {
  const Words bits = reinterpret_cast<const Words&>(value), rounded = (bits + 0x7fff + (bits >> 16 & 1)) >> 16;
  const Words chosen = value == value ? rounded : Words{} + 0x7fc0;
  *reinterpret_cast<Halves*>(to) = __builtin_convertvector(chosen, Halves);
}

inline float sum_of(Floats value) {
  float sum = 0;
  for (int i = 0; i < kFew / 2; ++i) sum += value[i] + value[i + kFew / 2];
  return sum;
}

// Let each thread work on its share of so many pixels: work(first, end, thread).
template <class Work>
void share_out(long pixels, int threads, Work work) {
#pragma omp parallel num_threads(threads)
  {
    const long team = omp_get_num_threads(), thread = omp_get_thread_num();
    work(pixels * thread / team, pixels * (thread + 1) / team, static_cast<int>(thread));
  }
}

// Sum the rows (threads, size) into the first one; rows of threads that did not run are zero.
void add_up(float* rows, int threads, int size) {
  for (int t = 1; t < threads; ++t)
    for (int c = 0; c < size; ++c) rows[c] += rows[static_cast<long>(t) * size + c];
}

// out = (x - mean) * factor * weight + bias; moments (pixels, 2): mean, factor.
template <class Low>
void normalise(const float* x, const float* weight, const float* bias, float* moments, Low* out, long pixels,
               int channels, int threads) {
  share_out(pixels, threads, [=](long first, long end, int) {
    for (long p = first; p < end; ++p) {
      const float* from = x + p * channels;
      Floats sum = {}, squares = {};
      for (int c = 0; c < channels; c += kFew) sum += get(from + c);
      const float mean = sum_of(sum) / channels;
      for (int c = 0; c < channels; c += kFew) {
        const Floats off = get(from + c) - mean;
        squares += off * off;
      }
      const float factor = 1 / std::sqrt(sum_of(squares) / channels + kEpsilon);
      for (int c = 0; c < channels; c += kFew)
        put((get(from + c) - mean) * factor * get(weight + c) + get(bias + c), out + p * channels + c);
      moments[2 * p] = mean, moments[2 * p + 1] = factor;
    }
  });
}

// sums (threads, 2, channels), zero at first: gradients of weight and bias come into its first row.
template <class Low>
void normalise_backward(const Low* gradient, const float* x, const float* moments, const float* weight, float* to,
                        float* sums, long pixels, int channels, int threads) {
  share_out(pixels, threads, [=](long first, long end, int thread) {
    float *of_weight = sums + 2L * thread * channels, *of_bias = of_weight + channels;
    for (long p = first; p < end; ++p) {
      const Low* g = gradient + p * channels;
      const float *from = x + p * channels, mean = moments[2 * p], factor = moments[2 * p + 1];
      Floats sums_now = {}, along_now = {};
      for (int c = 0; c < channels; c += kFew) {
        const Floats value = get(g + c), normal = (get(from + c) - mean) * factor, weighted = value * get(weight + c);
        put(get(of_bias + c) + value, of_bias + c);
        put(get(of_weight + c) + value * normal, of_weight + c);
        sums_now += weighted;
        along_now += weighted * normal;
      }
      const float sum = sum_of(sums_now) / channels, along = factor * sum_of(along_now) / channels;
      for (int c = 0; c < channels; c += kFew)
        put(factor * (get(g + c) * get(weight + c) - sum - (get(from + c) - mean) * along), to + p * channels + c);
    }
  });
  add_up(sums, threads, 2 * channels);
}

// Product of the halves of (pixels, 2 channels).
template <class Low>
void gate(const Low* both, Low* out, long pixels, int channels, int threads) {
  share_out(pixels, threads, [=](long first, long end, int) {
    for (long p = first; p < end; ++p) {
      const Low *a = both + 2 * p * channels, *b = a + channels;
      for (int c = 0; c < channels; c += kFew) put(get(a + c) * get(b + c), out + p * channels + c);
    }
  });
}

template <class Low>
void gate_backward(const Low* gradient, const Low* both, Low* out, long pixels, int channels, int threads) {
  share_out(pixels, threads, [=](long first, long end, int) {
    for (long p = first; p < end; ++p) {
      const Low *g = gradient + p * channels, *a = both + 2 * p * channels, *b = a + channels;
      Low *of_a = out + 2 * p * channels, *of_b = of_a + channels;
      for (int c = 0; c < channels; c += kFew) {
        const Floats value = get(g + c);
        put(value * get(b + c), of_a + c);
        put(value * get(a + c), of_b + c);
      }
    }
  });
}

// out = x + scale * branch
template <class Low>
void add_scaled(const float* x, const float* scale, const Low* branch, float* out, long pixels, int channels,
                int threads) {
  share_out(pixels, threads, [=](long first, long end, int) {
    for (long p = first; p < end; ++p)
      for (long c = 0, at = p * channels; c < channels; c += kFew)
        put(get(x + at + c) + get(scale + c) * get(branch + at + c), out + at + c);
  });
}

// sums (threads, channels), zero at first: the gradient of scale comes into its first row.
template <class Low>
void add_scaled_backward(const float* gradient, const float* scale, const Low* branch, Low* out, float* sums,
                         long pixels, int channels, int threads) {
  share_out(pixels, threads, [=](long first, long end, int thread) {
    float* of_scale = sums + static_cast<long>(thread) * channels;
    for (long p = first; p < end; ++p)
      for (long c = 0, at = p * channels; c < channels; c += kFew) {
        const Floats value = get(gradient + at + c);
        put(get(of_scale + c) + value * get(branch + at + c), of_scale + c);
        put(value * get(scale + c), out + at + c);
      }
  });
  add_up(sums, threads, channels);
}

}  // namespace

// Each for maps of float and of bfloat16; training.py calls them by name.
#define FOR_EACH_TYPE(DEFINE) DEFINE(float, float32) DEFINE(BFloat16, bfloat16)
#define DEFINE_ALL(Low, name)                                                                                         \
  extern "C" void normalise_##name(const float* x, const float* weight, const float* bias, float* moments, Low* out, \
                                   long pixels, int channels, int threads) {                                         \
    normalise(x, weight, bias, moments, out, pixels, channels, threads);                                             \
  }                                                                                                                   \
  extern "C" void normalise_backward_##name(const Low* gradient, const float* x, const float* moments,               \
                                            const float* weight, float* to, float* sums, long pixels, int channels,  \
                                            int threads) {                                                            \
    normalise_backward(gradient, x, moments, weight, to, sums, pixels, channels, threads);                           \
  }                                                                                                                   \
  extern "C" void gate_##name(const Low* both, Low* out, long pixels, int channels, int threads) {                   \
    gate(both, out, pixels, channels, threads);                                                                       \
  }                                                                                                                   \
  extern "C" void gate_backward_##name(const Low* gradient, const Low* both, Low* out, long pixels, int channels,    \
                                       int threads) {                                                                 \
    gate_backward(gradient, both, out, pixels, channels, threads);                                                    \
  }                                                                                                                   \
  extern "C" void add_scaled_##name(const float* x, const float* scale, const Low* branch, float* out, long pixels,  \
                                    int channels, int threads) {                                                      \
    add_scaled(x, scale, branch, out, pixels, channels, threads);                                                     \
  }                                                                                                                   \
  extern "C" void add_scaled_backward_##name(const float* gradient, const float* scale, const Low* branch, Low* out, \
                                             float* sums, long pixels, int channels, int threads) {                  \
    add_scaled_backward(gradient, scale, branch, out, sums, pixels, channels, threads);                              \
  }
FOR_EACH_TYPE(DEFINE_ALL)

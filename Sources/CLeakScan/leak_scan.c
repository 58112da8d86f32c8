#include "leak_scan.h"

#include <string.h>

#if defined(__SSE2__)
#include <emmintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

// Local lengths from here on are one: three bytes less than the 16 that are looked at, so that a byte order mark before the address (what
// joining files leaves at a line's start) is seen whole wherever it matters.
#define LONGEST_RUN 13

static const uint8_t is_local[256] = {
    ['%'] = 1, ['+'] = 1, ['-'] = 1, ['.'] = 1, ['_'] = 1, ['0' ... '9'] = 1, ['A' ... 'Z'] = 1, ['a' ... 'z'] = 1, [0x80 ... 0xFF] = 1,
};

int leak_is_local(uint8_t byte) { return is_local[byte]; }

static inline uint64_t bytes_behind(const uint8_t *text, size_t length, size_t at) {
  uint64_t word = 0;
  if (length - at > 8) {
    memcpy(&word, text + at + 1, 8);
  } else if (length - at > 1) {
    memcpy(&word, text + at + 1, length - at - 1);
  }
  return word | 0x2020202020202020;
}

static inline uint64_t hash_of_domain(uint64_t domain) {
  uint64_t hash = domain * 0x9E3779B97F4A7C15;
  return (hash ^ hash >> 32) * 0xD6E8FEB86659FD93;
}

// How many of the 16 bytes that end at `end` are local-part bytes without a gap, 13 at most, and fewer when a byte order mark is among them.
static inline unsigned run_before(const uint8_t *end) {
#if defined(__SSE2__)
  __m128i x = _mm_loadu_si128((const __m128i *)(end - 16));
  __m128i folded = _mm_or_si128(x, _mm_set1_epi8(0x20));
  __m128i letter = _mm_and_si128(_mm_cmpgt_epi8(folded, _mm_set1_epi8('a' - 1)), _mm_cmplt_epi8(folded, _mm_set1_epi8('z' + 1)));
  __m128i digit = _mm_and_si128(_mm_cmpgt_epi8(x, _mm_set1_epi8('0' - 1)), _mm_cmplt_epi8(x, _mm_set1_epi8('9' + 1)));
  __m128i sign = _mm_or_si128(_mm_or_si128(_mm_cmpeq_epi8(x, _mm_set1_epi8('.')), _mm_cmpeq_epi8(x, _mm_set1_epi8('_'))),
                              _mm_or_si128(_mm_cmpeq_epi8(x, _mm_set1_epi8('-')), _mm_cmpeq_epi8(x, _mm_set1_epi8('+'))));
  sign = _mm_or_si128(sign, _mm_cmpeq_epi8(x, _mm_set1_epi8('%')));
  // The top bit of a byte from 0x80 on is set as it is.
  unsigned local = (unsigned)_mm_movemask_epi8(_mm_or_si128(_mm_or_si128(letter, digit), _mm_or_si128(sign, x)));
  unsigned high = (unsigned)_mm_movemask_epi8(x);
  unsigned others = ~local & 0xFFFF;
  unsigned run = others ? (unsigned)__builtin_clz(others) - 16 : 16;
  int has_high = run && (high >> (16 - run)) != 0;
#else
  unsigned run = 0;
  int has_high = 0;
  while (run < 16 && is_local[end[-1 - (int)run]]) {
    has_high |= end[-1 - (int)run] >> 7;
    run++;
  }
#endif
  if (__builtin_expect(has_high, 0)) {
    for (unsigned back = 3; back <= run; back++) {
      const uint8_t *mark = end - back;
      if (mark[0] == 0xEF && mark[1] == 0xBB && mark[2] == 0xBF) return back - 3 < LONGEST_RUN ? back - 3 : LONGEST_RUN;
    }
  }
  return run < LONGEST_RUN ? run : LONGEST_RUN;
}

// Read from place n on: 16 bytes of which the last n are set.
static const uint8_t last_bytes[29] = {[16 ... 28] = 0xFF};

static inline uint64_t key_of(uint64_t domain_hash, const uint8_t *text, size_t at) {
  uint8_t start[16];
  const uint8_t *end = text + at;
  if (__builtin_expect(at < 16, 0)) {
    memset(start, 0, sizeof start);
    memcpy(start + 16 - at, text, at);
    end = start + 16;
  }
  unsigned run = run_before(end);
  uint64_t local[2], mask[2];
  memcpy(local, end - 16, 16);
  memcpy(mask, last_bytes + run, 16);
  uint64_t far = (local[0] | 0x2020202020202020) & mask[0], near = (local[1] | 0x2020202020202020) & mask[1];
  unsigned __int128 product = (unsigned __int128)(near ^ domain_hash) * ((far + run * 0x9E3779B97F4A7C15) ^ 0xE7037ED1A0B428DB);
  uint64_t hash = (uint64_t)product ^ (uint64_t)(product >> 64);
  return hash * 0x9FB21C651E98DF25 ^ hash >> 35;
}

uint64_t leak_key(uint64_t domain_mask, const uint8_t *text, size_t length, size_t at) {
  return key_of(leak_domain_hash(domain_mask, text, length, at), text, at);
}

uint64_t leak_domain_hash(uint64_t domain_mask, const uint8_t *text, size_t length, size_t at) {
  return hash_of_domain(bytes_behind(text, length, at) & domain_mask);
}

// The places of '@' in 64 bytes, and how many line feeds there are.
static inline uint64_t find_ats(const uint8_t *block, uint64_t *newlines) {
#if defined(__SSE2__)
  const __m128i at = _mm_set1_epi8('@'), feed = _mm_set1_epi8('\n');
  const __m128i *parts = (const __m128i *)block;
  __m128i a = _mm_loadu_si128(parts), b = _mm_loadu_si128(parts + 1), c = _mm_loadu_si128(parts + 2), d = _mm_loadu_si128(parts + 3);
  __m128i feeds = _mm_add_epi8(_mm_add_epi8(_mm_cmpeq_epi8(a, feed), _mm_cmpeq_epi8(b, feed)),
                               _mm_add_epi8(_mm_cmpeq_epi8(c, feed), _mm_cmpeq_epi8(d, feed)));
  __m128i sums = _mm_sad_epu8(_mm_sub_epi8(_mm_setzero_si128(), feeds), _mm_setzero_si128());
  *newlines += (uint64_t)_mm_cvtsi128_si64(sums) + (uint64_t)_mm_cvtsi128_si64(_mm_unpackhi_epi64(sums, sums));
  uint64_t low = (uint64_t)(unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(a, at)) | (uint64_t)(unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(b, at)) << 16;
  uint64_t high = (uint64_t)(unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(c, at)) | (uint64_t)(unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(d, at)) << 16;
  return low | high << 32;
#elif defined(__aarch64__)
  const uint8x16_t at = vdupq_n_u8('@'), feed = vdupq_n_u8('\n');
  static const uint8_t weights[16] = {1, 2, 4, 8, 16, 32, 64, 128, 1, 2, 4, 8, 16, 32, 64, 128};
  const uint8x16_t weight = vld1q_u8(weights);
  uint8x16_t a = vld1q_u8(block), b = vld1q_u8(block + 16), c = vld1q_u8(block + 32), d = vld1q_u8(block + 48);
  uint8x16_t feeds = vaddq_u8(vaddq_u8(vceqq_u8(a, feed), vceqq_u8(b, feed)), vaddq_u8(vceqq_u8(c, feed), vceqq_u8(d, feed)));
  *newlines += vaddlvq_u8(vsubq_u8(vdupq_n_u8(0), feeds));
  uint8x16_t ab = vpaddq_u8(vandq_u8(vceqq_u8(a, at), weight), vandq_u8(vceqq_u8(b, at), weight));
  uint8x16_t cd = vpaddq_u8(vandq_u8(vceqq_u8(c, at), weight), vandq_u8(vceqq_u8(d, at), weight));
  uint8x16_t all = vpaddq_u8(ab, cd);
  all = vpaddq_u8(all, all);
  return vgetq_lane_u64(vreinterpretq_u64_u8(all), 0);
#else
  uint64_t mask = 0;
  for (unsigned i = 0; i < 64; i++) {
    mask |= (uint64_t)(block[i] == '@') << i;
    *newlines += block[i] == '\n';
  }
  return mask;
#endif
}

// How many keys wait for their word of the filter to come into the cache.
#define WAITING 32

size_t leak_scan(const leak_filter *filter, const uint8_t *text, size_t length, size_t *position, size_t end, uint64_t *newlines, leak_place *found,
                 size_t capacity) {
  const leak_filter f = *filter;
  leak_place waiting[WAITING + 64];
  uint64_t feeds = 0;
  size_t count = 0, waits = 0, place = *position;
  while (place < end && count + WAITING + 64 <= capacity) {
    uint64_t ats;
    if (end - place >= 64) {
      ats = find_ats(text + place, &feeds);
    } else {
      uint8_t rest[64] = {0};
      memcpy(rest, text + place, end - place);
      ats = find_ats(rest, &feeds);
    }
    while (ats) {
      size_t at = place + (size_t)__builtin_ctzll(ats);
      ats &= ats - 1;
      uint64_t domain = hash_of_domain(bytes_behind(text, length, at) & f.domain_mask);
      uint64_t bit = domain >> f.domain_shift;
      if (!(f.domains[bit >> 6] >> (bit & 63) & 1)) continue;
      uint64_t key = key_of(domain, text, at);
      __builtin_prefetch(&f.addresses[key >> f.address_shift]);
      waiting[waits].at = at;
      waiting[waits++].key = key;
    }
    place += 64;
    if (waits >= WAITING || place >= end) {
      for (size_t i = 0; i < waits; i++) {
        uint64_t bits = leak_key_bits(waiting[i].key);
        found[count] = waiting[i];
        count += (f.addresses[waiting[i].key >> f.address_shift] & bits) == bits;
      }
      waits = 0;
    }
  }
  // Stopped for want of room: what still waits fits, because room was kept for it.
  for (size_t i = 0; i < waits; i++) {
    uint64_t bits = leak_key_bits(waiting[i].key);
    found[count] = waiting[i];
    count += (f.addresses[waiting[i].key >> f.address_shift] & bits) == bits;
  }
  *position = place < end ? place : end;
  *newlines += feeds;
  return count;
}

size_t leak_last_break(const uint8_t *text, size_t from, size_t to) {
  size_t place = to;
#if defined(__SSE2__)
  const __m128i feed = _mm_set1_epi8('\n'), back = _mm_set1_epi8('\r');
  while (place - from >= 16) {
    __m128i x = _mm_loadu_si128((const __m128i *)(text + place - 16));
    unsigned mask = (unsigned)_mm_movemask_epi8(_mm_or_si128(_mm_cmpeq_epi8(x, feed), _mm_cmpeq_epi8(x, back)));
    if (mask) return place - 16 + 32 - (size_t)__builtin_clz(mask);
    place -= 16;
  }
#endif
  while (place > from) {
    if (text[place - 1] == '\n' || text[place - 1] == '\r') return place;
    place--;
  }
  return from - 1;
}

size_t leak_next_break(const uint8_t *text, size_t from, size_t to) {
  size_t place = from;
#if defined(__SSE2__)
  const __m128i feed = _mm_set1_epi8('\n'), back = _mm_set1_epi8('\r');
  while (to - place >= 16) {
    __m128i x = _mm_loadu_si128((const __m128i *)(text + place));
    unsigned mask = (unsigned)_mm_movemask_epi8(_mm_or_si128(_mm_cmpeq_epi8(x, feed), _mm_cmpeq_epi8(x, back)));
    if (mask) return place + (size_t)__builtin_ctz(mask);
    place += 16;
  }
#endif
  while (place < to && text[place] != '\n' && text[place] != '\r') place++;
  return place;
}

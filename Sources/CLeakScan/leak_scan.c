#include "leak_scan.h"

#include <string.h>

#if defined(__SSE2__)
#include <emmintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

// Local lengths from here on are one: the longest escape that may hide a beginning, `\u201c`, has six bytes, so that 18 bytes show it wherever
// it matters.
#define LONGEST_RUN 13
// As many bytes before an '@' are looked at.
#define WINDOW 32

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

// What stands before an '@'.
typedef struct before {
  // How many of the bytes that end there are of one local part in ASCII, from its first letter or digit on, 13 at most.
  unsigned run;
  // Whether some of these bytes may be the end of an escape: `\nann@`, `%22ann@`.
  unsigned may_be_escaped;
} before;

static inline int is_letter_or_digit(uint8_t byte) { return (uint8_t)(byte - '0') < 10 || (uint8_t)((byte | 0x20) - 'a') < 26; }

static inline int is_local(uint8_t byte) {
  return is_letter_or_digit(byte) || byte == '.' || byte == '_' || byte == '-' || byte == '+' || byte == '%';
}

// A local part of so many bytes as it counts: signs before its first letter or digit may be anything's.
static inline unsigned shortened(unsigned run, unsigned letters) {
  run = run < LONGEST_RUN ? run : LONGEST_RUN;
  letters >>= 16 - run;
  return letters ? run - (unsigned)__builtin_ctz(letters) : run;
}

static inline before look_before(const uint8_t *end) {
#if defined(__SSE2__)
  __m128i x = _mm_loadu_si128((const __m128i *)(end - 16));
  __m128i folded = _mm_or_si128(x, _mm_set1_epi8(0x20));
  __m128i letter = _mm_and_si128(_mm_cmpgt_epi8(folded, _mm_set1_epi8('a' - 1)), _mm_cmplt_epi8(folded, _mm_set1_epi8('z' + 1)));
  __m128i digit = _mm_and_si128(_mm_cmpgt_epi8(x, _mm_set1_epi8('0' - 1)), _mm_cmplt_epi8(x, _mm_set1_epi8('9' + 1)));
  __m128i either = _mm_or_si128(letter, digit);
  __m128i sign = _mm_or_si128(_mm_or_si128(_mm_cmpeq_epi8(x, _mm_set1_epi8('.')), _mm_cmpeq_epi8(x, _mm_set1_epi8('_'))),
                              _mm_or_si128(_mm_cmpeq_epi8(x, _mm_set1_epi8('-')), _mm_cmpeq_epi8(x, _mm_set1_epi8('+'))));
  __m128i percent = _mm_cmpeq_epi8(x, _mm_set1_epi8('%'));
  unsigned letters = (unsigned)_mm_movemask_epi8(either);
  unsigned percents = (unsigned)_mm_movemask_epi8(percent);
  unsigned others = ~((unsigned)_mm_movemask_epi8(_mm_or_si128(either, sign)) | percents) & 0xFFFF;
#else
  unsigned letters = 0, percents = 0, others = 0;
  for (unsigned i = 0; i < 16; i++) {
    uint8_t byte = end[(int)i - 16];
    letters |= (unsigned)is_letter_or_digit(byte) << i;
    percents |= (unsigned)(byte == '%') << i;
    others |= (unsigned)!is_local(byte) << i;
  }
#endif
  unsigned run = others ? (unsigned)__builtin_clz(others) - 16 : 16;
  unsigned slash = end[-1 - (int)run] == '\\' || (run == 16 && end[-18] == '\\');
  return (before){.run = shortened(run, letters), .may_be_escaped = slash | percents >> (16 - run)};
}

static int hexadecimal(const uint8_t *text, unsigned count) {
  for (unsigned i = 0; i < count; i++) {
    if ((uint8_t)(text[i] - '0') >= 10 && (uint8_t)((text[i] | 0x20) - 'a') >= 6) return 0;
  }
  return 1;
}

// The lengths that a local part has when what it seems to begin with is the end of an escape, the longest first; 3 at most.
static unsigned behind_escapes(const uint8_t *end, unsigned first, unsigned *runs) {
  unsigned whole = 0, letters = 0, percent = 0;
  while (whole < 18 && is_local(end[-1 - (int)whole])) {
    whole++;
    if (!percent && end[-(int)whole] == '%') percent = whole;
  }
  for (unsigned i = 0; i < 16; i++) letters |= (unsigned)is_letter_or_digit(end[(int)i - 16]) << i;
  const uint8_t *start = end - whole;
  unsigned cuts[3], count = 0, found = 0;
  if (whole && start[-1] == '\\') {
    switch (start[0]) {
    case 'n': case 'r': case 't': case 'b': case 'f': case 'v': case 'a': case 'e': cuts[count++] = 1; break;
    case 'x': if (whole > 3 && hexadecimal(start + 1, 2)) cuts[count++] = 3; break;
    case 'u': if (whole > 5 && hexadecimal(start + 1, 4)) cuts[count++] = 5; break;
    case '0': case '1': case '2': case '3':
      if (start[0] == '0') cuts[count++] = 1;
      if (whole > 3 && (start[1] & 0xF8) == '0' && (start[2] & 0xF8) == '0') cuts[count++] = 3;
      break;
    default: break;
    }
  }
  if (percent > 3 && hexadecimal(end - percent + 1, 2)) cuts[count++] = whole - percent + 3;
  for (unsigned i = 0; i < count; i++) {
    if (cuts[i] >= whole) continue;
    unsigned run = shortened(whole - cuts[i], letters);
    if (run != first && (found == 0 || runs[found - 1] != run)) runs[found++] = run;
  }
  return found;
}

// Read from place n on: 16 bytes of which the last n are set.
static const uint8_t last_bytes[29] = {[16 ... 28] = 0xFF};

// The bytes before a place as a text has them that has enough of them: those before its beginning are 0.
static inline const uint8_t *window(const uint8_t *text, size_t at, uint8_t *room) {
  if (__builtin_expect(at >= WINDOW, 1)) return text + at;
  memset(room, 0, WINDOW);
  memcpy(room + WINDOW - at, text, at);
  return room + WINDOW;
}

static inline uint64_t key_of(uint64_t domain_hash, const uint8_t *end, unsigned run) {
  uint64_t local[2], mask[2];
  memcpy(local, end - 16, 16);
  memcpy(mask, last_bytes + run, 16);
  uint64_t far = (local[0] | 0x2020202020202020) & mask[0], near = (local[1] | 0x2020202020202020) & mask[1];
  unsigned __int128 product = (unsigned __int128)(near ^ domain_hash) * ((far + run * 0x9E3779B97F4A7C15) ^ 0xE7037ED1A0B428DB);
  uint64_t hash = (uint64_t)product ^ (uint64_t)(product >> 64);
  return hash * 0x9FB21C651E98DF25 ^ hash >> 35;
}

uint64_t leak_key(uint64_t domain_mask, const uint8_t *text, size_t length, size_t at) {
  uint8_t room[WINDOW];
  const uint8_t *end = window(text, at, room);
  return key_of(leak_domain_hash(domain_mask, text, length, at), end, look_before(end).run);
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
// The most keys that 64 bytes can have: one for each '@', and three more behind what may be an escape.
#define MOST_KEYS 256

static inline size_t wait_for(const leak_filter *f, leak_place *waiting, size_t at, uint64_t key) {
  __builtin_prefetch(&f->addresses[key >> f->address_shift]);
  waiting->at = at;
  waiting->key = key;
  return 1;
}

// The keys of a place where what stands before the address may be the end of an escape.
static __attribute__((noinline)) size_t wait_behind_escapes(const leak_filter *f, leak_place *waiting, const uint8_t *end, size_t at, uint64_t domain,
                                                            unsigned first) {
  unsigned runs[3];
  unsigned count = behind_escapes(end, first, runs);
  for (unsigned i = 0; i < count; i++) wait_for(f, waiting + i, at, key_of(domain, end, runs[i]));
  return count;
}

size_t leak_scan(const leak_filter *filter, const uint8_t *text, size_t length, size_t *position, size_t end, uint64_t *newlines, leak_place *found,
                 size_t capacity) {
  const leak_filter f = *filter;
  leak_place waiting[WAITING + MOST_KEYS];
  uint8_t room[WINDOW];
  uint64_t feeds = 0;
  size_t count = 0, waits = 0, place = *position;
  while (place < end && count + WAITING + MOST_KEYS <= capacity) {
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
      const uint8_t *edge = window(text, at, room);
      before seen = look_before(edge);
      waits += wait_for(&f, waiting + waits, at, key_of(domain, edge, seen.run));
      if (__builtin_expect(seen.may_be_escaped, 0)) waits += wait_behind_escapes(&f, waiting + waits, edge, at, domain, seen.run);
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

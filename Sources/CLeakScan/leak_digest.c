#include "leak_scan.h"

#include <string.h>

// Blocks of 1 KiB are summed by the NH family (one product for 16 bytes, twice, with keys two words apart), which differs for different
// blocks with a probability of 2^-128 over the keys; the sums go through SipHash-2-4, which keeps their order and cannot be undone.

#define BLOCK_WORDS 128

static inline uint64_t rotated(uint64_t value, int bits) { return value << bits | value >> (64 - bits); }

static inline void sip_round(leak_digest_state *s) {
  s->v0 += s->v1;
  s->v1 = rotated(s->v1, 13) ^ s->v0;
  s->v0 = rotated(s->v0, 32);
  s->v2 += s->v3;
  s->v3 = rotated(s->v3, 16) ^ s->v2;
  s->v0 += s->v3;
  s->v3 = rotated(s->v3, 21) ^ s->v0;
  s->v2 += s->v1;
  s->v1 = rotated(s->v1, 17) ^ s->v2;
  s->v2 = rotated(s->v2, 32);
}

static inline void sip_word(leak_digest_state *s, uint64_t word) {
  s->v3 ^= word;
  sip_round(s);
  sip_round(s);
  s->v0 ^= word;
}

static void sip_begin(leak_digest_state *s, uint64_t first, uint64_t second) {
  s->v0 = first ^ 0x736F6D6570736575;
  s->v1 = second ^ 0x646F72616E646F6D ^ 0xEE;
  s->v2 = first ^ 0x6C7967656E657261;
  s->v3 = second ^ 0x7465646279746573;
  s->leaves = 0;
  s->bytes = 0;
}

static leak_digest sip_end(leak_digest_state s) {
  leak_digest digest;
  s.v2 ^= 0xEE;
  for (int i = 0; i < 4; i++) sip_round(&s);
  digest.high = s.v0 ^ s.v1 ^ s.v2 ^ s.v3;
  s.v1 ^= 0xDD;
  for (int i = 0; i < 4; i++) sip_round(&s);
  digest.low = s.v0 ^ s.v1 ^ s.v2 ^ s.v3;
  return digest;
}

void leak_digest_make_key(leak_digest_key *key, uint64_t first, uint64_t second) {
  key->first = first;
  key->second = second;
  for (uint64_t i = 0; i < 132; i++) {
    leak_digest_state s;
    sip_begin(&s, first, second);
    sip_word(&s, i);
    key->words[i] = sip_end(s).high;
  }
}

static inline uint64_t little_endian(const uint8_t *bytes) {
  uint64_t word;
  memcpy(&word, bytes, 8);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
  word = __builtin_bswap64(word);
#endif
  return word;
}

static inline void sum_block(const leak_digest_key *key, const uint8_t *block, leak_digest_state *s) {
  const uint64_t *k = key->words;
  unsigned __int128 one = 0, other = 0;
  for (int i = 0; i < BLOCK_WORDS; i += 2) {
    uint64_t a = little_endian(block + 8 * i), b = little_endian(block + 8 * i + 8);
    one += (unsigned __int128)(a + k[i]) * (b + k[i + 1]);
    other += (unsigned __int128)(a + k[i + 2]) * (b + k[i + 3]);
  }
  sip_word(s, (uint64_t)one);
  sip_word(s, (uint64_t)(one >> 64));
  sip_word(s, (uint64_t)other);
  sip_word(s, (uint64_t)(other >> 64));
}

leak_digest leak_digest_leaf(const leak_digest_key *key, const uint8_t *bytes, size_t length) {
  leak_digest_state s;
  sip_begin(&s, key->first, key->second);
  size_t place = 0;
  for (; length - place >= 8 * BLOCK_WORDS; place += 8 * BLOCK_WORDS) sum_block(key, bytes + place, &s);
  if (place < length) {
    uint8_t rest[8 * BLOCK_WORDS] = {0};
    memcpy(rest, bytes + place, length - place);
    sum_block(key, rest, &s);
  }
  sip_word(&s, length);
  return sip_end(s);
}

void leak_digest_begin(const leak_digest_key *key, leak_digest_state *state) {
  // Another key than the leaves', so that a leaf is never taken for a whole content.
  sip_begin(state, key->words[130], key->words[131]);
}

void leak_digest_add(leak_digest_state *state, leak_digest leaf, uint64_t bytes) {
  sip_word(state, leaf.high);
  sip_word(state, leaf.low);
  state->leaves += 1;
  state->bytes += bytes;
}

leak_digest leak_digest_end(const leak_digest_state *state) {
  leak_digest_state s = *state;
  sip_word(&s, s.bytes);
  return sip_end(s);
}

#ifndef LEAK_SCAN_H
#define LEAK_SCAN_H

#include <stddef.h>
#include <stdint.h>

/// What decides, in a few cycles for each '@', whether a watched address may stand around it. It errs on one side only.
typedef struct leak_filter {
  /// A bit for each hash of the first bytes of a watched domain.
  const uint64_t *domains;
  /// A Bloom filter over whole keys, all bits of a key in one word.
  const uint64_t *addresses;
  /// Which of the eight bytes behind '@' count: as many as the shortest watched domain has.
  uint64_t domain_mask;
  /// What is shifted out of a hash to leave the number of a bit in `domains`.
  uint32_t domain_shift;
  /// The same for the number of a word in `addresses`.
  uint32_t address_shift;
} leak_filter;

/// The key of an address around the '@' at `at`: the last 13 bytes of its local part, from behind the last byte that is no ASCII and from the
/// first letter or digit on, their number, and the first bytes of its domain, all with the case taken away. Equal addresses have equal keys,
/// whatever surrounds them but for ends of escapes: there each of the addresses that may be meant has a key.
uint64_t leak_key(uint64_t domain_mask, const uint8_t *text, size_t length, size_t at);

/// The hash of the first bytes of the domain behind the '@' at `at`.
uint64_t leak_domain_hash(uint64_t domain_mask, const uint8_t *text, size_t length, size_t at);

/// The bits of a key in its word of `addresses`.
static inline uint64_t leak_key_bits(uint64_t key) {
  return (uint64_t)1 << (key & 63) | (uint64_t)1 << (key >> 6 & 63) | (uint64_t)1 << (key >> 12 & 63);
}

/// An '@' and the key of an address around it; several have the same '@' where it may be one or another.
typedef struct leak_place {
  size_t at;
  uint64_t key;
} leak_place;

/// Looks at each '@' in text[*position ..< end] and writes down those that pass the filter. Stops early when `found` has little room left,
/// with *position where to go on.
/// - Parameters: newlines: grows by the number of line feeds passed; found: room for `capacity` places, at least 512.
/// - Returns: how many places were written.
size_t leak_scan(const leak_filter *filter, const uint8_t *text, size_t length, size_t *position, size_t end, uint64_t *newlines, leak_place *found,
                 size_t capacity);

static inline void leak_prefetch(const void *place) { __builtin_prefetch(place); }

/// The place behind the last CR or LF in text[from ..< to], or `from` - 1 (also as SIZE_MAX) when there is none.
size_t leak_last_break(const uint8_t *text, size_t from, size_t to);

/// The place of the first CR or LF in text[from ..< to], or `to`.
size_t leak_next_break(const uint8_t *text, size_t from, size_t to);

/// How many bytes one leaf of a content digest covers.
#define LEAK_LEAF_BYTES 262144

/// The keys of a content digest, made from a key of 16 bytes.
typedef struct leak_digest_key {
  uint64_t words[132];
  uint64_t first;
  uint64_t second;
} leak_digest_key;

typedef struct leak_digest_state {
  uint64_t v0, v1, v2, v3;
  uint64_t leaves;
  uint64_t bytes;
} leak_digest_state;

typedef struct leak_digest {
  uint64_t high;
  uint64_t low;
} leak_digest;

void leak_digest_make_key(leak_digest_key *key, uint64_t first, uint64_t second);
/// The digest of one leaf: LEAK_LEAF_BYTES bytes, fewer only at the end of the content.
leak_digest leak_digest_leaf(const leak_digest_key *key, const uint8_t *bytes, size_t length);
void leak_digest_begin(const leak_digest_key *key, leak_digest_state *state);
/// Adds leaves in the order of the content.
void leak_digest_add(leak_digest_state *state, leak_digest leaf, uint64_t bytes);
leak_digest leak_digest_end(const leak_digest_state *state);

#endif

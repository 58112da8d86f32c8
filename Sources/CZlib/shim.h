#ifndef CZLIB_SHIM_H
#define CZLIB_SHIM_H

#include <zlib.h>

// inflateInit2 and deflateInit2 are macros. 16 asks for the wrapping of gzip.
static inline int czlib_open_gzip(z_stream *stream) { return inflateInit2(stream, 15 + 16); }

// From level 1, the fastest, to 9, the smallest.
static inline int czlib_create_gzip(z_stream *stream, int level) {
  return deflateInit2(stream, level, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
}

#endif

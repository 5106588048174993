#pragma once
#include <zlib.h>

// The initialisers are macros that pass the header's version and the structure's size.

/// Prepares to inflate a gzip member: 15 bits of window, plus 16 for the gzip wrapper and its CRC.
static inline int bda_inflate_gzip_init(z_stream *stream) { return inflateInit2(stream, 15 + 16); }

/// Prepares to deflate into a gzip member.
static inline int bda_deflate_gzip_init(z_stream *stream, int level) {
  return deflateInit2(stream, level, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
}

/// Prepares to inflate a bare deflate stream, as zip archives hold them.
static inline int bda_inflate_raw_init(z_stream *stream) { return inflateInit2(stream, -15); }

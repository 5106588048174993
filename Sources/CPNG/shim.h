#pragma once
#include <png.h>
#include <stdlib.h>
#include <string.h>

// Reading goes through libpng's simplified interface, which reports errors as values. Writing one
// bit per pixel does not exist there, and one form is not read right; the general interface reports errors
// by long jumps, which must not cross Swift frames, so those whole calls are made here.

/// Prepares to read an image from memory; its size and form are in `image` afterwards.
static inline int bda_png_begin(png_image *image, const void *bytes, size_t count) {
  memset(image, 0, sizeof *image);
  image->version = PNG_IMAGE_VERSION;
  return png_image_begin_read_from_memory(image, bytes, count);
}

/// Whether the file has colour.
static inline int bda_png_has_color(const png_image *image) {
  return (image->format & PNG_FORMAT_FLAG_COLOR) != 0;
}

/// Reads all pixels as 8-bit grey or RGB, each followed by its opacity where `alpha` is set.
///
/// The caller has taken out what would make the library change the samples (gamma, profiles).
static inline int bda_png_finish(
    png_image *image, int color, int alpha, unsigned char *pixels) {
  // Without room for opacity there must be a background, though every pixel is opaque then.
  png_color white = {255, 255, 255};
  if (color) {
    image->format = alpha ? PNG_FORMAT_RGBA : PNG_FORMAT_RGB;
  } else {
    image->format = alpha ? PNG_FORMAT_GA : PNG_FORMAT_GRAY;
  }
  // Sixteen bits without a gamma chunk are meant as eight bits are: not as linear light.
  image->flags |= PNG_IMAGE_FLAG_16BIT_sRGB;
  return png_image_finish_read(image, &white, pixels, 0, NULL);
}

static inline void bda_png_silent(png_structp png, png_const_charp message) {
  (void)png;
  (void)message;
}

static inline void bda_png_fail(png_structp png, png_const_charp message) {
  (void)message;
  png_longjmp(png, 1);
}

/// The bytes of a file that are still to be read.
typedef struct {
  const unsigned char *bytes;
  size_t count;
} bda_png_source;

static inline void bda_png_take(png_structp png, png_bytep data, size_t length) {
  bda_png_source *source = (bda_png_source *)png_get_io_ptr(png);
  if (length > source->count) png_error(png, "read beyond end of data");
  memcpy(data, source->bytes, length);
  source->bytes += length;
  source->count -= length;
}

/// Reads all pixels as `bda_png_finish` does, of an interlaced image of sixteen bits a sample, through the
/// general interface: in some versions of the library the simplified one brings the rows of all seven
/// passes to eight bits in one row's room, and the pixels are another image's.
static inline int bda_png_read_interlaced(
    const void *bytes, size_t count, int alpha, size_t stride, unsigned char *pixels) {
  bda_png_source source = {(const unsigned char *)bytes, count};
  png_structp png = png_create_read_struct(
      PNG_LIBPNG_VER_STRING, NULL, bda_png_fail, bda_png_silent);
  if (png == NULL) return 0;
  png_infop info = png_create_info_struct(png);
  if (info == NULL || setjmp(png_jmpbuf(png))) {
    png_destroy_read_struct(&png, info == NULL ? NULL : &info, NULL);
    return 0;
  }
  png_set_read_fn(png, &source, bda_png_take);
  png_read_info(png, info);
  png_set_expand(png);
  png_set_scale_16(png);
  // A transparency that the library has found unusable leaves every pixel opaque.
  if (alpha && !(png_get_color_type(png, info) & PNG_COLOR_MASK_ALPHA) &&
      !png_get_valid(png, info, PNG_INFO_tRNS)) {
    png_set_add_alpha(png, 0xffff, PNG_FILLER_AFTER);
  }
  int passes = png_set_interlace_handling(png);
  png_read_update_info(png, info);
  if (png_get_rowbytes(png, info) != stride) png_error(png, "unexpected form");
  unsigned height = png_get_image_height(png, info);
  // Each pass completes the rows of those before it.
  for (int pass = 0; pass < passes; pass++) {
    for (unsigned row = 0; row < height; row++) {
      png_read_row(png, pixels + (size_t)row * stride, NULL);
    }
  }
  png_read_end(png, NULL);
  png_destroy_read_struct(&png, &info, NULL);
  return 1;
}

/// The largest index into the palette that a pixel of the image has, read through the general interface: the
/// simplified one draws indices without an entry black, and says nothing. -1 where the image has no
/// palette or cannot be read.
static inline int bda_png_largest_index(const void *bytes, size_t count) {
  bda_png_source source = {(const unsigned char *)bytes, count};
  png_structp png = png_create_read_struct(
      PNG_LIBPNG_VER_STRING, NULL, bda_png_fail, bda_png_silent);
  if (png == NULL) return -1;
  png_infop info = png_create_info_struct(png);
  // What is set after `setjmp` and read after a jump must not live in a register.
  unsigned char *volatile row = NULL;
  if (info == NULL || setjmp(png_jmpbuf(png))) {
    free(row);
    png_destroy_read_struct(&png, info == NULL ? NULL : &info, NULL);
    return -1;
  }
  // As the simplified interface does.
  png_set_benign_errors(png, 1);
  png_set_read_fn(png, &source, bda_png_take);
  png_read_info(png, info);
  if (png_get_color_type(png, info) != PNG_COLOR_TYPE_PALETTE) png_error(png, "no palette");
  // One byte for each pixel.
  png_set_packing(png);
  int passes = png_set_interlace_handling(png);
  png_read_update_info(png, info);
  unsigned height = png_get_image_height(png, info);
  size_t length = png_get_rowbytes(png, info);
  row = (unsigned char *)calloc(length, 1);
  if (row == NULL) png_error(png, "out of memory");
  int largest = 0;
  for (int pass = 0; pass < passes; pass++) {
    for (unsigned line = 0; line < height; line++) {
      // Pixels of other passes keep what a line before had there, which has been looked at.
      png_read_row(png, row, NULL);
      for (size_t index = 0; index < length; index++) {
        if (row[index] > largest) largest = row[index];
      }
    }
  }
  free(row);
  png_destroy_read_struct(&png, &info, NULL);
  return largest;
}

/// The message of a failed call.
static inline const char *bda_png_message(const png_image *image) { return image->message; }

/// The version of the library at run time.
static inline const char *bda_png_version(void) { return png_get_libpng_ver(NULL); }

/// Bytes that grow as a file is written into them; the owner frees `bytes`.
typedef struct {
  unsigned char *bytes;
  size_t count;
  size_t capacity;
} bda_png_buffer;

static inline void bda_png_append(png_structp png, png_bytep data, size_t length) {
  bda_png_buffer *buffer = (bda_png_buffer *)png_get_io_ptr(png);
  if (buffer->count + length > buffer->capacity) {
    size_t capacity = 2 * (buffer->count + length);
    unsigned char *bytes = (unsigned char *)realloc(buffer->bytes, capacity);
    if (bytes == NULL) png_error(png, "out of memory");
    buffer->bytes = bytes;
    buffer->capacity = capacity;
  }
  memcpy(buffer->bytes + buffer->count, data, length);
  buffer->count += length;
}

static inline void bda_png_flush(png_structp png) { (void)png; }

/// Writes grey (1 channel; 1, 2, 4 or 8 bits, one byte per pixel given) or RGB (3 channels, 8 bits).
static inline int bda_png_write(
    const unsigned char *pixels, unsigned width, unsigned height, int channels, int bits,
    bda_png_buffer *buffer) {
  png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, NULL, NULL, bda_png_silent);
  if (png == NULL) return 0;
  png_infop info = png_create_info_struct(png);
  if (info == NULL || setjmp(png_jmpbuf(png))) {
    png_destroy_write_struct(&png, info == NULL ? NULL : &info);
    return 0;
  }
  png_set_write_fn(png, buffer, bda_png_append, bda_png_flush);
  png_set_IHDR(
      png, info, width, height, bits, channels == 3 ? PNG_COLOR_TYPE_RGB : PNG_COLOR_TYPE_GRAY,
      PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
  png_write_info(png, info);
  if (bits < 8) png_set_packing(png);
  for (unsigned row = 0; row < height; row++) {
    png_write_row(png, pixels + (size_t)row * width * channels);
  }
  png_write_end(png, NULL);
  png_destroy_write_struct(&png, &info);
  return 1;
}

import Experiments
import Tensors

extension Tensor {
  /// Images `[tasks, n, height, width]` or `[tasks, n, channels, height, width]` with their channels
  /// last.
  package func channelsLastImages() -> Tensor {
    guard shape.count == 5 else { return reshaped(shape + [1]) }
    let (count, channels, pixels) = (shape[0] * shape[1], shape[2], shape[3] * shape[4])
    let source = scalars
    var result = source
    for image in 0..<count {
      for channel in 0..<channels {
        for pixel in 0..<pixels {
          result[(image * pixels + pixel) * channels + channel] =
            source[(image * channels + channel) * pixels + pixel]
        }
      }
    }
    return Tensor(shape: [shape[0], shape[1], shape[3], shape[4], channels], scalars: result)
  }

  /// Filters `[f, channels, window, window]` as `[f, window, window, channels]`.
  package func channelsLastFilters() -> Tensor { permutedFilters(toChannelsLast: true) }

  /// Filters `[f, window, window, channels]` as `[f, channels, window, window]`.
  package func channelsFirstFilters() -> Tensor { permutedFilters(toChannelsLast: false) }

  private func permutedFilters(toChannelsLast: Bool) -> Tensor {
    let channels = toChannelsLast ? shape[1] : shape[3]
    let pixels = count / max(1, shape[0] * channels)
    let source = scalars
    var result = source
    for filter in 0..<shape[0] {
      for channel in 0..<channels {
        for pixel in 0..<pixels {
          let last = (filter * pixels + pixel) * channels + channel
          let first = (filter * channels + channel) * pixels + pixel
          if toChannelsLast { result[last] = source[first] } else { result[first] = source[last] }
        }
      }
    }
    let newShape =
      toChannelsLast
      ? [shape[0], shape[2], shape[3], channels] : [shape[0], channels, shape[1], shape[2]]
    return Tensor(shape: newShape, scalars: result)
  }
}

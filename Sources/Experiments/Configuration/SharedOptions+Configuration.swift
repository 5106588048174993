import Foundation

extension SharedOptions {
  /// The defaults overridden by the file of `--config`, then by each `--set`.
  public func configuration<Settings: Codable & Sendable>(
    defaults: Settings
  ) throws(ConfigurationError) -> Configuration<Settings> {
    let file = configurationFile.map { URL(fileURLWithPath: $0) }
    return try Configuration.resolve(defaults: defaults, file: file, settings: settings)
  }
}

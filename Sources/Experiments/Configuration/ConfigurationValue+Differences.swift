extension ConfigurationValue {
  /// The leaves of this tree that differ from `other`'s, by their dotted path; keys that `other`
  /// lacks count as different. Lists are compared and returned whole.
  public func differences(from other: ConfigurationValue?) -> [(path: String, value: Self)] {
    guard case .object(let members) = self else {
      return self == other ? [] : [("", self)]
    }
    return members.flatMap { member in
      member.value.differences(from: other?[member.key]).map { path, value in
        (path.isEmpty ? member.key : "\(member.key).\(path)", value)
      }
    }
  }
}

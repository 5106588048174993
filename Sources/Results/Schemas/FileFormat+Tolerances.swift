extension FileFormat {
  /// The text of `results/schema/tolerances.schema.json`.
  static let tolerancesSchema = #"""
    {
      "$schema": "https://json-schema.org/draft/2020-12/schema",
      "$id": "tolerances.schema.json",
      "title": "Tolerances",
      "description": "How far a run may be from the reference of its budget, and why.",
      "type": "object",
      "additionalProperties": false,
      "required": ["schemaVersion", "chosen", "tolerances"],
      "properties": {
        "schemaVersion": { "const": 1 },
        "chosen": { "type": "string", "minLength": 1 },
        "tolerances": {
          "type": "array",
          "items": {
            "type": "object",
            "additionalProperties": false,
            "required": ["experiment", "metric", "absolute", "relative", "reason"],
            "properties": {
              "experiment": { "type": "string", "minLength": 1 },
              "metric": { "type": "string", "minLength": 1 },
              "methods": { "type": "array", "minItems": 1, "items": { "type": "string" } },
              "absolute": { "type": "number", "minimum": 0 },
              "relative": { "type": "number", "minimum": 0 },
              "reason": { "type": "string", "minLength": 1 },
              "ignored": { "type": "boolean" }
            }
          }
        }
      }
    }

    """#
}

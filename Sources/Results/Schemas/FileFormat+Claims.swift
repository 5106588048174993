extension FileFormat {
  /// The text of `results/schema/claims.schema.json`.
  static let claimsSchema = #"""
    {
      "$schema": "https://json-schema.org/draft/2020-12/schema",
      "$id": "claims.schema.json",
      "title": "Claims",
      "description": "Statements that runs can support or contradict; see results/README.md.",
      "type": "object",
      "additionalProperties": false,
      "required": ["schemaVersion", "claims"],
      "properties": {
        "schemaVersion": { "const": 2 },
        "claims": {
          "type": "array",
          "items": {
            "type": "object",
            "additionalProperties": false,
            "required": [
              "id", "source", "statement", "kind", "experiment", "protocol", "metric", "methods",
              "seeds", "minimumSeeds", "budget", "expected", "tolerance"
            ],
            "properties": {
              "id": { "$ref": "#/$defs/text" },
              "source": { "$ref": "#/$defs/text" },
              "statement": { "$ref": "#/$defs/text" },
              "kind": {
                "enum": ["value", "interval", "ordering", "equivalence", "difference", "status"]
              },
              "experiment": { "$ref": "#/$defs/text" },
              "protocol": { "$ref": "#/$defs/text" },
              "metric": { "type": "string" },
              "methods": { "type": "array", "minItems": 1, "items": { "$ref": "#/$defs/text" } },
              "variants": { "type": "array", "minItems": 1, "items": { "type": "object" } },
              "seeds": { "type": "array", "minItems": 1, "items": { "type": "integer" } },
              "minimumSeeds": { "type": "integer", "minimum": 1 },
              "budget": { "$ref": "#/$defs/text" },
              "expected": {
                "oneOf": [
                  {
                    "type": "object",
                    "additionalProperties": false,
                    "required": ["value"],
                    "properties": { "value": { "$ref": "#/$defs/number" } }
                  },
                  {
                    "type": "object",
                    "additionalProperties": false,
                    "required": ["lower", "upper"],
                    "properties": {
                      "lower": { "$ref": "#/$defs/number" },
                      "upper": { "$ref": "#/$defs/number" }
                    }
                  },
                  {
                    "type": "object",
                    "additionalProperties": false,
                    "required": ["margin"],
                    "properties": { "margin": { "$ref": "#/$defs/number" } }
                  },
                  {
                    "type": "object",
                    "additionalProperties": false,
                    "required": ["difference"],
                    "properties": { "difference": { "$ref": "#/$defs/number" } }
                  },
                  {
                    "type": "object",
                    "additionalProperties": false,
                    "required": ["status"],
                    "properties": {
                      "status": {
                        "enum": [
                          "completed", "diverged", "nonFinite", "interrupted", "timeout", "failed"
                        ]
                      }
                    }
                  }
                ]
              },
              "direction": { "enum": ["higher", "lower"] },
              "tolerance": {
                "type": "object",
                "additionalProperties": false,
                "required": ["absolute", "relative", "reason"],
                "properties": {
                  "absolute": { "type": "number", "minimum": 0 },
                  "relative": { "type": "number", "minimum": 0 },
                  "reason": { "$ref": "#/$defs/text" }
                }
              },
              "expectedVerdict": {
                "enum": ["reproduced", "undecided", "not reproduced", "too few seeds", "not run"]
              },
              "note": { "type": "string" }
            }
          }
        }
      },
      "$defs": {
        "text": { "type": "string", "minLength": 1 },
        "number": { "anyOf": [{ "type": "number" }, { "enum": ["inf", "-inf", "nan"] }] }
      }
    }

    """#
}

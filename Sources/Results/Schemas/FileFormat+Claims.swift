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
        "schemaVersion": { "enum": [2, 3] },
        "defaults": {
          "description": "What holds of every claim that does not say otherwise.",
          "type": "object",
          "additionalProperties": false,
          "properties": {
            "experiment": { "$ref": "#/$defs/text" },
            "protocol": { "$ref": "#/$defs/text" },
            "budget": { "$ref": "#/$defs/text" },
            "metric": { "type": "string" },
            "seeds": { "$ref": "#/$defs/seeds" },
            "minimumSeeds": { "$ref": "#/$defs/count" },
            "tolerance": { "$ref": "#/$defs/tolerance" }
          }
        },
        "claims": {
          "type": "array",
          "items": {
            "type": "object",
            "additionalProperties": false,
            "required": ["id", "source", "statement", "kind", "methods", "expected"],
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
              "seeds": { "$ref": "#/$defs/seeds" },
              "minimumSeeds": { "$ref": "#/$defs/count" },
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
                          "completed", "diverged", "nonFinite", "interrupted"
                        ]
                      }
                    }
                  }
                ]
              },
              "direction": { "enum": ["higher", "lower"] },
              "tolerance": { "$ref": "#/$defs/tolerance" },
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
        "seeds": {
          "type": "array", "minItems": 1, "uniqueItems": true, "items": { "type": "integer" }
        },
        "count": { "type": "integer", "minimum": 1 },
        "tolerance": {
          "type": "object",
          "additionalProperties": false,
          "required": ["absolute", "reason"],
          "properties": {
            "absolute": { "type": "number", "minimum": 0 },
            "relative": { "type": "number", "minimum": 0 },
            "reason": { "$ref": "#/$defs/text" }
          }
        },
        "number": { "anyOf": [{ "type": "number" }, { "enum": ["inf", "-inf", "nan"] }] }
      }
    }

    """#
}

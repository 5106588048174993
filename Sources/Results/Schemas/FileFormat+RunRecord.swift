extension FileFormat {
  /// The text of `results/schema/run-record.schema.json`.
  static let runRecordSchema = #"""
    {
      "$schema": "https://json-schema.org/draft/2020-12/schema",
      "$id": "run-record.schema.json",
      "title": "Run record",
      "description": "What one run of one experiment leaves behind. Keys are in results/README.md.",
      "type": "object",
      "additionalProperties": false,
      "required": [
        "schemaVersion", "experiment", "method", "seed", "budget", "protocol", "variant",
        "configuration", "configurationDigest", "datasets", "environment", "status", "metrics",
        "final", "timing", "diagnostics"
      ],
      "properties": {
        "schemaVersion": { "const": 2 },
        "experiment": { "$ref": "#/$defs/name" },
        "method": {
          "type": "object",
          "additionalProperties": false,
          "required": ["name", "displayName", "dynamics", "hypergradient", "outerOptimizer"],
          "properties": {
            "name": { "$ref": "#/$defs/name" },
            "displayName": { "$ref": "#/$defs/name" },
            "dynamics": { "$ref": "#/$defs/component" },
            "hypergradient": { "$ref": "#/$defs/component" },
            "outerOptimizer": { "$ref": "#/$defs/component" }
          }
        },
        "seed": { "type": "integer", "minimum": 0 },
        "budget": { "$ref": "#/$defs/name" },
        "protocol": { "$ref": "#/$defs/name" },
        "variant": { "type": "object" },
        "configuration": {
          "description": "The complete resolved configuration, any tree."
        },
        "configurationDigest": { "type": "string", "minLength": 64 },
        "datasets": {
          "type": "array",
          "items": {
            "type": "object",
            "additionalProperties": false,
            "required": ["name", "sha256", "split", "synthetic"],
            "properties": {
              "name": { "$ref": "#/$defs/name" },
              "sha256": { "type": "string" },
              "split": { "type": "string" },
              "synthetic": { "type": "boolean" }
            }
          }
        },
        "environment": {
          "type": "object",
          "additionalProperties": false,
          "required": ["swift", "backend", "cpu", "threads", "os", "scalar"],
          "properties": {
            "commit": { "type": "string" },
            "dirty": { "type": "boolean" },
            "swift": { "type": "string" },
            "backend": { "type": "string" },
            "hdf5": { "type": "string" },
            "libpng": { "type": "string" },
            "cpu": { "type": "string" },
            "threads": { "type": "integer", "minimum": 1 },
            "os": { "type": "string" },
            "scalar": { "enum": ["float", "double"] }
          }
        },
        "status": {
          "type": "object",
          "additionalProperties": false,
          "required": ["kind"],
          "properties": {
            "kind": {
              "enum": ["completed", "diverged", "nonFinite", "interrupted"]
            },
            "reason": { "type": "string" }
          }
        },
        "metrics": {
          "type": "array",
          "items": {
            "type": "object",
            "additionalProperties": false,
            "required": ["name", "unit", "betterWhen", "steps", "values"],
            "properties": {
              "name": { "$ref": "#/$defs/name" },
              "unit": { "type": "string" },
              "betterWhen": { "enum": ["higher", "lower", "neither"] },
              "headline": { "type": "boolean" },
              "steps": { "type": "array", "items": { "type": "integer", "minimum": 0 } },
              "values": { "type": "array", "items": { "$ref": "#/$defs/number" } }
            }
          }
        },
        "final": { "type": "object", "additionalProperties": { "$ref": "#/$defs/number" } },
        "timing": {
          "type": "object",
          "additionalProperties": false,
          "required": ["totalSeconds", "steps", "seconds", "parts"],
          "properties": {
            "totalSeconds": { "$ref": "#/$defs/number" },
            "secondsPerOuterStep": { "$ref": "#/$defs/number" },
            "peakResidentBytes": { "type": "integer", "minimum": 0 },
            "steps": { "type": "array", "items": { "type": "integer", "minimum": 0 } },
            "seconds": { "type": "array", "items": { "$ref": "#/$defs/number" } },
            "parts": { "type": "object", "additionalProperties": { "$ref": "#/$defs/number" } }
          }
        },
        "diagnostics": { "type": "object" }
      },
      "$defs": {
        "name": { "type": "string", "minLength": 1 },
        "number": { "anyOf": [{ "type": "number" }, { "enum": ["inf", "-inf", "nan"] }] },
        "component": {
          "type": "object",
          "additionalProperties": false,
          "required": ["name", "parameters", "provenance"],
          "properties": {
            "name": { "$ref": "#/$defs/name" },
            "parameters": { "type": "object" },
            "provenance": { "type": "string" }
          }
        }
      }
    }

    """#
}

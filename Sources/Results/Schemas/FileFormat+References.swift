extension FileFormat {
  /// The text of `results/schema/references.schema.json`: the schema of one line.
  static let referencesSchema = #"""
    {
      "$schema": "https://json-schema.org/draft/2020-12/schema",
      "$id": "references.schema.json",
      "title": "One line of a file of references",
      "description": "What the file is, what runs share, or one run; see results/README.md.",
      "oneOf": [
        {
          "type": "object",
          "additionalProperties": false,
          "required": ["references", "budget", "schemaVersion"],
          "properties": {
            "references": { "$ref": "#/$defs/text" },
            "budget": { "$ref": "#/$defs/text" },
            "schemaVersion": { "enum": [1, 2, 3] }
          }
        },
        {
          "type": "object",
          "additionalProperties": false,
          "required": ["metric"],
          "properties": {
            "metric": {
              "type": "object",
              "additionalProperties": false,
              "required": ["name", "unit", "betterWhen"],
              "properties": {
                "name": { "$ref": "#/$defs/text" },
                "unit": { "type": "string" },
                "betterWhen": { "enum": ["higher", "lower", "neither"] }
              }
            }
          }
        },
        {
          "type": "object",
          "additionalProperties": false,
          "required": ["columns", "value"],
          "properties": {
            "columns": { "$ref": "#/$defs/text" },
            "value": {
              "description": "The metrics whose final values runs list in this order.",
              "type": "array",
              "items": { "$ref": "#/$defs/text" }
            }
          }
        },
        {
          "type": "object",
          "additionalProperties": false,
          "required": ["environment", "value"],
          "properties": {
            "environment": { "$ref": "#/$defs/text" },
            "value": { "type": "object" }
          }
        },
        {
          "type": "object",
          "additionalProperties": false,
          "required": ["datasets", "value"],
          "properties": {
            "datasets": { "$ref": "#/$defs/text" },
            "value": { "type": "array", "items": { "type": "object" } }
          }
        },
        {
          "type": "object",
          "additionalProperties": false,
          "required": ["configuration", "value"],
          "properties": {
            "configuration": { "type": "string", "minLength": 12 },
            "differsFrom": { "$ref": "#/$defs/text" },
            "value": {
              "description": "The complete resolved configuration; with differsFrom, what differs."
            }
          }
        },
        {
          "type": "object",
          "additionalProperties": false,
          "required": ["defaults"],
          "properties": {
            "defaults": {
              "description": "What a run is that does not say otherwise.",
              "type": "object",
              "additionalProperties": false,
              "properties": {
                "status": { "$ref": "#/$defs/status" },
                "columns": { "$ref": "#/$defs/text" },
                "datasets": { "$ref": "#/$defs/text" },
                "environment": { "$ref": "#/$defs/text" }
              }
            }
          }
        },
        {
          "type": "object",
          "additionalProperties": false,
          "required": ["method", "protocol", "variant", "seed", "configuration", "final"],
          "properties": {
            "method": { "$ref": "#/$defs/text" },
            "protocol": { "$ref": "#/$defs/text" },
            "variant": { "type": "object" },
            "seed": { "type": "integer" },
            "status": { "$ref": "#/$defs/status" },
            "reason": { "type": "string" },
            "columns": { "$ref": "#/$defs/text" },
            "configuration": { "$ref": "#/$defs/text" },
            "datasets": { "$ref": "#/$defs/text" },
            "environment": { "$ref": "#/$defs/text" },
            "final": {
              "description": "In the order of the columns; before version 3, by name.",
              "anyOf": [
                { "type": "array", "items": { "$ref": "#/$defs/number" } },
                { "type": "object", "additionalProperties": { "$ref": "#/$defs/number" } }
              ]
            }
          }
        }
      ],
      "$defs": {
        "text": { "type": "string", "minLength": 1 },
        "status": {
          "enum": ["completed", "diverged", "nonFinite", "interrupted"]
        },
        "number": { "anyOf": [{ "type": "number" }, { "enum": ["inf", "-inf", "nan"] }] }
      }
    }

    """#
}

extension FileFormat {
  /// The text of `results/schema/published.schema.json`.
  static let publishedSchema = #"""
    {
      "$schema": "https://json-schema.org/draft/2020-12/schema",
      "$id": "published.schema.json",
      "title": "Published figures",
      "description": "Numbers from the literature, with source and how far they were checked.",
      "type": "object",
      "additionalProperties": false,
      "required": ["schemaVersion", "values"],
      "properties": {
        "schemaVersion": { "enum": [1, 2] },
        "articles": {
          "description": "Articles and pages by the keys that sources name.",
          "type": "object",
          "additionalProperties": { "$ref": "#/$defs/text" }
        },
        "values": {
          "type": "array",
          "items": {
            "type": "object",
            "additionalProperties": false,
            "required": [
              "experiment", "protocols", "dataset", "method", "variant", "metric", "number", "unit",
              "source", "status"
            ],
            "properties": {
              "experiment": { "$ref": "#/$defs/text" },
              "protocols": { "type": "array", "minItems": 1, "items": { "$ref": "#/$defs/text" } },
              "dataset": { "$ref": "#/$defs/text" },
              "method": { "$ref": "#/$defs/text" },
              "variant": { "type": "object" },
              "metric": { "$ref": "#/$defs/text" },
              "number": { "type": "number" },
              "unit": { "$ref": "#/$defs/text" },
              "source": {
                "type": "object",
                "additionalProperties": false,
                "required": ["article", "table", "cell"],
                "properties": {
                  "article": { "$ref": "#/$defs/text" },
                  "table": { "$ref": "#/$defs/text" },
                  "cell": { "$ref": "#/$defs/text" }
                }
              },
              "status": {
                "enum": ["confirmed", "memory", "code", "derived", "measured-elsewhere"]
              },
              "note": { "type": "string" }
            }
          }
        }
      },
      "$defs": { "text": { "type": "string", "minLength": 1 } }
    }

    """#
}

"""What the OpenAPI description says of matching."""

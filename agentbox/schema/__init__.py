"""JSON Schema: from a function's signature, and for checking arguments and results."""

from __future__ import annotations

from agentbox.schema.signature import Signature, signature_of
from agentbox.schema.validation import Shape, schema_problem, shape_of

__all__ = ["Shape", "Signature", "schema_problem", "shape_of", "signature_of"]

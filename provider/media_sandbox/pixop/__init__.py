"""A stand-in of the Pixop video processing REST API v1."""

from __future__ import annotations

"""A stand-in of the cielo24 captioning API, version 1."""

from __future__ import annotations

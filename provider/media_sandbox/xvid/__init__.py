"""A stand-in of the Xvid MediaHub HTTP API v1 and of the S3 bucket that takes its uploads."""

from __future__ import annotations

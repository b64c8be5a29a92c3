"""What the tests of the ingest call things in their S3."""

from __future__ import annotations

BUCKET = "films"
REGION = "us-east-1"

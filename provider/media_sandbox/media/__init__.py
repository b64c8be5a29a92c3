"""What the services do to media files: probing, judging and converting them with ffmpeg."""

from __future__ import annotations

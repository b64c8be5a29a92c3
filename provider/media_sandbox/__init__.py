"""Local stand-ins of the media services, strict on the wire and doing real work with ffmpeg.

Start them with ``python -m media_sandbox``, or inside a test with :func:`media_sandbox.testing.running_sandbox`.
The package shares no code with the provider it is used to test, so that a mistake in one cannot hide in the other.
"""

from __future__ import annotations

"""cielo24: from a video to checked captions."""

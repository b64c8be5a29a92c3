"""Xvid MediaHub: upload, transcode and download video."""

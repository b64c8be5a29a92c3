"""Pixop: upload, ingest, enhance and fetch video through the Pixop Video Processing REST API v1."""

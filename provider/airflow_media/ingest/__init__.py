"""The daily ingest: which videos arrived in a day, what is missing of them, and the record of what was made."""

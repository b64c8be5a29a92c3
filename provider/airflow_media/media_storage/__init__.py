"""A JSON:API media storage service: upload and download media, watch the jobs that work on them."""

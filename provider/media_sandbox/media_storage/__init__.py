"""The stand-in of the JSON:API media storage: it keeps files, processes them in jobs, and lists both."""

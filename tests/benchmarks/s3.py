"""The connection to what stands in for S3 here: the source and the sink, which are faster than any S3.

Requests are not signed: over plain HTTP botocore would hash every body for the signature, which it does not over TLS.
"""

from __future__ import annotations

import json


def object_uri(name: str = "video.mov") -> str:
    """Give the URI of an object; the source has it under every name."""
    return f"s3://films/{name}"


def aws(endpoint: str) -> dict[str, str]:
    """Give the environment in which Airflow's default connection to S3 leads to an endpoint."""
    extra = {
        "endpoint_url": endpoint,
        "region_name": "us-east-1",
        "config_kwargs": {"signature_version": "unsigned", "s3": {"addressing_style": "path"}},
    }
    connection = {"conn_type": "aws", "login": "id", "password": "key", "extra": extra}
    return {"AIRFLOW_CONN_AWS_DEFAULT": json.dumps(connection), "AWS_EC2_METADATA_DISABLED": "true"}

"""How to reach the S3 of the tests."""

from __future__ import annotations

import json
from typing import Any

import boto3

BUCKET = "films"
REGION = "us-east-1"


def s3_client(endpoint: str) -> Any:
    """Give a client of the S3 at this address."""
    return boto3.client(
        "s3", endpoint_url=endpoint, region_name=REGION, aws_access_key_id="id", aws_secret_access_key="key"
    )


def aws_connection(endpoint: str) -> str:
    """Give an Airflow connection to it, in JSON."""
    extra = {"endpoint_url": endpoint, "region_name": REGION}
    return json.dumps({"conn_type": "aws", "login": "id", "password": "key", "extra": extra})

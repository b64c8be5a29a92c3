"""What the tests of the media storage stand-in share."""

from __future__ import annotations

import pytest
from media_storage_client import StorageClient

from media_sandbox.testing import RunningSandbox


@pytest.fixture
def storage(sandbox: RunningSandbox) -> StorageClient:
    """The plain account in a new sandbox, where uploads make no jobs unless a test wants them."""
    client = StorageClient(sandbox)
    client.options(jobs_from_uploads=False)
    return client


@pytest.fixture(scope="module")
def shared_storage(shared_sandbox: RunningSandbox) -> StorageClient:
    """The plain account in the sandbox of a whole module."""
    client = StorageClient(shared_sandbox)
    client.options(jobs_from_uploads=False)
    return client

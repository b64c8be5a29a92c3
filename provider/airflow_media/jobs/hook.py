"""The base of the hooks: a connection becomes a client, and a cheap call tells whether it works."""

from __future__ import annotations

from abc import abstractmethod
from functools import cached_property
from typing import ClassVar, TypeVar

from msgspec.structs import replace

from airflow_media.http.call import Call, Flow
from airflow_media.http.client import Client, Timeouts
from airflow_media.http.errors import MediaError
from airflow_media.http.retry import RetryPolicy
from airflow_media.jobs.compat import BaseHook, mask_secret
from airflow_media.jobs.connection import Access, Connection, Reader
from airflow_media.storage.settings import configured_ranges

T = TypeVar("T")


class MediaHook(BaseHook):
    """Base of the service hooks.

    :param conn_id: Airflow connection to use.
    """

    conn_name_attr: ClassVar[str]
    default_conn_name: ClassVar[str]
    conn_type: ClassVar[str]
    hook_name: ClassVar[str]

    def __init__(self, conn_id: str) -> None:
        super().__init__()
        self.conn_id = conn_id

    @classmethod
    @abstractmethod
    def access(cls, reader: Reader) -> Access:
        """Read the connection: which service, where, as whom.

        :param reader: Reads the fields of the connection and words the errors about them.
        """

    @classmethod
    @abstractmethod
    def probe(cls) -> Flow[str]:
        """Make one cheap authenticated call for the connection test.

        :return: A sentence that tells whom the service takes us for.
        """

    @classmethod
    def access_of(cls, connection: Connection) -> Access:
        """Give what a client needs, and have Airflow blank the secrets in logs.

        :param connection: The Airflow connection.
        :raises InvalidRequestError: A field is missing or wrong.
        """
        access = cls.access(Reader(connection))
        for secret in access.auth.secrets():
            mask_secret(secret)
        return access

    def get_conn(self) -> Client:
        """Give the client, made at the first use."""
        return self.client

    @cached_property
    def reach(self) -> Access:
        """What a client needs, from this hook's connection; read once."""
        return self.access_of(self.get_connection(self.conn_id))

    @cached_property
    def client(self) -> Client:
        """The client of this hook."""
        return replace(self.reach, ranges=configured_ranges()).client()

    def hasty_client(self) -> Client:
        """Make a client of its own that gives up soon: for a signal handler, where the usual one may be in the middle
        of something, and Airflow kills the process a few seconds later."""
        return replace(self.reach, retry=RetryPolicy(budget=2.0), timeouts=Timeouts(2.0, 2.0, 2.0, 2.0)).client()

    def run(self, flow: Flow[T] | Call[T]) -> T:
        """Carry out a call or a flow of the service.

        :param flow: The call or flow, for instance ``get_video("3f2a")`` of the service's ``api`` module.
        :return: Its result.
        :raises MediaError: What the service refused, or what went wrong on the way.
        """
        return self.client.run(flow)

    def test_connection(self) -> tuple[bool, str]:
        """Try the connection with one cheap authenticated call.

        :return: Whether it works, and a sentence for the person who pressed the button.
        """
        try:
            reach = replace(self.reach, retry=RetryPolicy(budget=5.0))
            with reach.client() as client:
                return True, client.run(self.probe())
        except MediaError as error:
            return False, str(error)

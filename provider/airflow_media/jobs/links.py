"""Operator extra links: the button in the UI that leads to the object at the service."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_media.jobs.compat import BaseOperatorLink

if TYPE_CHECKING:
    from airflow.sdk import BaseOperator
    from airflow.sdk.types import TaskInstanceKey

API_URL_KEY = "api_url"


class MediaObjectLink(BaseOperatorLink):
    """Address of the object at the service's API, as pushed by the operator. Opening it needs the service's login."""

    name = "Object at the service"

    def get_link(self, operator: BaseOperator, *, ti_key: TaskInstanceKey) -> str:
        """Give the address, or an empty text while there is none.

        :param operator: The operator.
        :param ti_key: The task instance.
        """
        from airflow.sdk.execution_time.xcom import XCom

        return XCom.get_value(ti_key=ti_key, key=API_URL_KEY) or ""

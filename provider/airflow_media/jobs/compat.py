"""All that differs between the Airflow versions that we support (3.0 and later), in one place.

What an older Airflow lacks degrades quietly: without a task state store a retry finds its job again by looking it up
at the service; without ``BaseTrigger.on_kill`` (before 3.3) a job whose task is killed while deferred runs to its end,
unless a retry takes it up.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from airflow.sdk import BaseOperator, BaseOperatorLink, BaseSensorOperator, PokeReturnValue

if TYPE_CHECKING:
    from airflow.sdk import BaseHook, Connection, Context, conf
    from airflow.sdk.exceptions import (
        AirflowException,
        AirflowFailException,
        AirflowSensorTimeout,
        AirflowSkipException,
        AirflowTaskTerminated,
        AirflowTaskTimeout,
        TaskDeferralError,
        TaskDeferralTimeout,
    )
else:
    try:
        from airflow.sdk import BaseHook, conf
        from airflow.sdk.exceptions import (
            AirflowException,
            AirflowFailException,
            AirflowSensorTimeout,
            AirflowSkipException,
            AirflowTaskTerminated,
            AirflowTaskTimeout,
            TaskDeferralError,
            TaskDeferralTimeout,
        )
    except ImportError:  # Airflow < 3.2
        from airflow.configuration import conf
        from airflow.exceptions import (
            AirflowException,
            AirflowFailException,
            AirflowSensorTimeout,
            AirflowSkipException,
            AirflowTaskTerminated,
            AirflowTaskTimeout,
            TaskDeferralError,
            TaskDeferralTimeout,
        )
        from airflow.hooks.base import BaseHook

if TYPE_CHECKING:
    from airflow.sdk import RetryDecision, RetryPolicy
    from airflow.sdk.definitions.callback import AsyncCallback
    from airflow.sdk.definitions.deadline import DeadlineAlert, DeadlineReference
    from airflow.triggers.base import BaseEventTrigger, BaseTrigger, StartTriggerArgs, TriggerEvent
    from airflow.triggers.shared_stream import SharedStreamProducer
else:
    _ON_DEMAND = {
        "BaseEventTrigger": ("airflow.triggers.base",),
        "BaseTrigger": ("airflow.triggers.base",),
        "StartTriggerArgs": ("airflow.triggers.base",),
        "TriggerEvent": ("airflow.triggers.base",),
        # With what stands for it in an Airflow that lacks it:
        "AsyncCallback": ("airflow.sdk", None),  # before 3.1
        "DeadlineAlert": ("airflow.sdk", None),  # before 3.1
        "DeadlineReference": ("airflow.sdk", None),  # before 3.1
        "RetryDecision": ("airflow.sdk", None),  # before 3.3
        "RetryPolicy": ("airflow.sdk", object),  # before 3.3
        "SharedStreamProducer": ("airflow.triggers.shared_stream", object),  # before 3.3
    }

    def __getattr__(name: str) -> Any:
        """Import on demand what operators do without: it would take half as long as all that they import."""
        if name not in _ON_DEMAND:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        module, *substitute = _ON_DEMAND[name]
        try:
            return getattr(import_module(module), name)
        except (AttributeError, ImportError):
            if not substitute:
                raise
            return substitute[0]


__all__ = [
    "AirflowException",
    "AirflowFailException",
    "AirflowSensorTimeout",
    "AirflowSkipException",
    "AirflowTaskTerminated",
    "AirflowTaskTimeout",
    "AsyncCallback",
    "BaseEventTrigger",
    "BaseHook",
    "BaseOperator",
    "BaseOperatorLink",
    "BaseSensorOperator",
    "BaseTrigger",
    "DeadlineAlert",
    "DeadlineReference",
    "PokeReturnValue",
    "RetryDecision",
    "RetryPolicy",
    "SharedStreamProducer",
    "StartTriggerArgs",
    "TaskDeferralError",
    "TaskDeferralTimeout",
    "TriggerEvent",
    "aget_connection",
    "asset_state_stores",
    "conf",
    "in_thread",
    "mask_secret",
    "read_xcom",
    "state_store",
    "task_identity",
    "task_state",
    "triggers_render_templates",
]

T = TypeVar("T")


class StateStore(Protocol):
    """What we use of Airflow's task state store (3.3 and later)."""

    def get(self, key: str) -> Any:
        """Give a value, or ``None``."""

    def set(self, key: str, value: Any) -> None:
        """Keep a JSON value; it outlives retries and clearing."""


class AssetStore(Protocol):
    """What we use of Airflow's asset state store (3.3 and later)."""

    async def aget(self, key: str) -> Any:
        """Give a value, or ``None``."""

    async def aset(self, key: str, value: Any) -> None:
        """Keep a JSON value; it outlives the triggerer."""


class Identity(Protocol):
    """What names one task instance, whatever its try."""

    dag_id: str
    run_id: str
    task_id: str
    map_index: int | None


def state_store(context: Context) -> StateStore | None:
    """Give the task state store, or ``None`` where this Airflow has none."""
    store: StateStore | None = context.get("task_state_store")
    return store


def asset_state_stores(trigger: BaseEventTrigger) -> list[AssetStore]:
    """Give the state store of each asset that a trigger is watching for; none where this Airflow has none."""
    stores = getattr(trigger, "asset_state_store", None)
    # There is no public way to ask for them all, and the one without a name refuses where there are several.
    return [*stores._by_name.values(), *stores._by_uri.values()] if stores is not None else []


def triggers_render_templates() -> bool:
    """Tell whether a task that starts from its trigger has its templates rendered there (Airflow 3.3)."""
    from airflow.triggers.base import BaseTrigger

    return hasattr(BaseTrigger, "render_template_fields")


def mask_secret(secret: str) -> None:
    """Have Airflow blank a value in task logs."""
    if TYPE_CHECKING:
        from airflow.sdk.log import mask_secret as mask
    else:
        try:
            from airflow.sdk.log import mask_secret as mask
        except ImportError:  # Airflow < 3.1
            from airflow.sdk.execution_time.secrets_masker import mask_secret as mask
    mask(secret)


async def aget_connection(conn_id: str) -> Connection:
    """Fetch a connection inside a triggerer without blocking its event loop."""
    if hasattr(BaseHook, "aget_connection"):
        return await BaseHook.aget_connection(conn_id)
    connection: Connection = await in_thread(BaseHook.get_connection, conn_id)  # Airflow < 3.1
    return connection


async def in_thread(work: Callable[..., T], *arguments: Any) -> T:
    """Do inside a triggerer what may talk to Airflow, as blanking a secret does: its event loop is no place for that.

    Airflow before 3.3 refuses it there, and finds its way back to the loop only from a thread of asgiref's.
    """
    from asgiref.sync import sync_to_async

    result: T = await sync_to_async(work)(*arguments)
    return result


async def task_state(ti: Identity) -> str | None:
    """Ask, inside a triggerer, for the present state of a task instance; ``None`` when it is gone or pending."""
    from airflow.sdk.execution_time.comms import GetTaskStates

    map_index = _map_index(ti)
    answer = await _ask(
        GetTaskStates(
            dag_id=ti.dag_id,
            task_ids=[ti.task_id],
            run_ids=[ti.run_id],
            map_index=map_index if map_index >= 0 else None,
        )
    )
    states = (getattr(answer, "task_states", None) or {}).get(ti.run_id, {})
    state = states.get(ti.task_id if map_index < 0 else f"{ti.task_id}_{map_index}")
    return None if state is None else str(getattr(state, "value", state))


async def read_xcom(ti: Identity, key: str) -> Any:
    """Ask, inside a triggerer, for an XCom of a task instance; ``None`` when there is none."""
    from airflow.sdk.execution_time.comms import GetXCom

    answer = await _ask(
        GetXCom(key=key, dag_id=ti.dag_id, run_id=ti.run_id, task_id=ti.task_id, map_index=_map_index(ti))
    )
    value = getattr(answer, "value", None)
    if isinstance(value, str):
        from airflow.sdk.bases.xcom import BaseXCom

        value = BaseXCom.deserialize_value(answer)
    return value


def task_identity(ti: Identity) -> tuple[str, str, str, int]:
    """Give (dag, run, task, map index): the same for each try of a task instance."""
    return (ti.dag_id, ti.run_id, ti.task_id, _map_index(ti))


def _map_index(ti: Identity) -> int:
    return -1 if ti.map_index is None else ti.map_index


async def _ask(message: Any) -> Any:
    from airflow.sdk.execution_time import task_runner

    return await task_runner.SUPERVISOR_COMMS.asend(message)

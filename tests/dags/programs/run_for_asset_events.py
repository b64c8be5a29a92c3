"""Airflow's command line, for a run that asset events have started: ``dags test`` itself knows of none.

It does what a scheduler does for such a run: it makes the assets known and active, and gives the run its events. The
names of the assets stand in the environment variable ``ASSETS``, as a JSON list, that of the events first; the payloads
of the events in ``ASSET_EVENTS``.
"""

from __future__ import annotations

import json
import os
from typing import Any

from airflow.__main__ import main
from airflow.models.asset import AssetActive, AssetEvent, AssetModel
from airflow.models.dagrun import DagRun
from sqlalchemy import event, select
from sqlalchemy.orm import Session


@event.listens_for(DagRun, "before_insert")
def _make_assets(mapper: Any, connection: Any, run: DagRun) -> None:
    with Session(bind=connection) as session:
        for name in json.loads(os.environ["ASSETS"]):
            asset = session.scalars(select(AssetModel).where(AssetModel.name == name)).one_or_none()
            if asset is None:
                asset = AssetModel(name=name, uri=name, group="asset")
                session.add(asset)
            if not session.scalars(select(AssetActive).where(AssetActive.name == name)).one_or_none():
                session.add(AssetActive.for_asset(asset))
        session.flush()


@event.listens_for(DagRun, "after_insert")
def _start_by_events(mapper: Any, connection: Any, run: DagRun) -> None:
    with Session(bind=connection) as session:
        name = json.loads(os.environ["ASSETS"])[0]
        asset_id = session.scalars(select(AssetModel.id).where(AssetModel.name == name)).one()
        for payload in json.loads(os.environ["ASSET_EVENTS"]):
            happened = AssetEvent(asset_id=asset_id, extra={"from_trigger": True, "payload": payload})
            happened.created_dagruns.append(session.get(DagRun, run.id))
            session.add(happened)
        session.flush()


if __name__ == "__main__":
    main()

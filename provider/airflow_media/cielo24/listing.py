"""Which jobs to list: the filters of the page 'Job List' of the cielo24 API documentation."""

from __future__ import annotations

from dataclasses import dataclass

from airflow_media.cielo24.options import Options, option
from airflow_media.cielo24.values import Choice, Moment, Text, Whole
from airflow_media.cielo24.vocabulary import DIFFICULTIES, FIDELITIES, JOB_STATUSES, PRIORITIES


@dataclass(frozen=True, kw_only=True)
class JobFilter(Options):
    """What jobs must have to be listed. All bounds are inclusive; dates are in the time zone of the service."""

    creation_date_from: str | None = option(Moment(), "Created then or later.")
    creation_date_to: str | None = option(Moment(), "Created then or earlier.")
    start_date_from: str | None = option(Moment(), "Begun then or later.")
    start_date_to: str | None = option(Moment(), "Begun then or earlier.")
    due_date_from: str | None = option(Moment(), "Due then or later.")
    due_date_to: str | None = option(Moment(), "Due then or earlier.")
    complete_date_from: str | None = option(Moment(), "Complete then or later.")
    complete_date_to: str | None = option(Moment(), "Complete then or earlier.")
    return_date_from: str | None = option(Moment(), "Returned then or later.")
    return_date_to: str | None = option(Moment(), "Returned then or earlier.")
    authorization_date_from: str | None = option(Moment(), "Authorized then or later.")
    authorization_date_to: str | None = option(Moment(), "Authorized then or earlier.")
    job_status: str | None = option(Choice(JOB_STATUSES), "In this state.")
    fidelity: str | None = option(Choice(FIDELITIES), "Of this fidelity.")
    priority: str | None = option(Choice(PRIORITIES), "Of this priority.")
    turnaround_time_hours_from: int | None = option(Whole(), "With this turnaround or a longer one, in hours.")
    turnaround_time_hours_to: int | None = option(Whole(), "With this turnaround or a shorter one, in hours.")
    job_name: str | None = option(Text(), "Of this name; an asterisk stands for anything.")
    external_id: str | None = option(Text(), "With this external id.")
    username: str | None = option(Text(), "Of this sub-account; an asterisk: of all below, and one's own.")
    job_difficulty: str | None = option(Choice(DIFFICULTIES), "As difficult as this.")

    def params(self) -> dict[str, str]:
        """Give what is set as it stands in a query, under the service's names: ``CreationDateFrom``, ``ExternalID``."""
        return {_name(name): value for name, value in super().params().items()}


def _name(name: str) -> str:
    return "ExternalID" if name == "external_id" else "".join(word.capitalize() for word in name.split("_"))
